//! What is printed for people and for programs: help, completions, the man page, models.

use std::io::Write;
use std::process::{Command, Stdio};

use service_framework::json;

use crate::support::plugins::plugin;
use crate::support::runner::{run, runner};

#[test]
fn help_and_version_go_to_stdout_and_tell_the_exit_codes() {
    let help = run(runner().arg("--help"));
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for part in [
        "-wt",
        "-cl",
        "-bc",
        "--addresses-path",
        "SF_CONFIG_",
        "  69 ",
        "  70 ",
        "  78 ",
        "  130 ",
        "validate",
        "describe",
    ] {
        assert!(help.stdout.contains(part), "no {part} in {}", help.stdout);
    }
    assert_eq!(run(runner().arg("--version")).stdout, concat!("service_framework ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn describe_prints_the_models_for_people_and_for_programs() {
    let text = run(runner().arg("describe").arg(plugin("desk")));
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    for part in [
        "service desk",
        "functions: init, on_sigint, on_sigterm",
        "depth  Int from -100 to 100  default 10",
        "connection echo (in, replyer)",
    ] {
        assert!(text.stdout.contains(part), "no {part} in {}", text.stdout);
    }
    let json = run(runner().arg("describe").arg(plugin("desk")).args(["--format", "json"]));
    let models: service_framework::Json = service_framework::serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(models["service"], "desk");
    assert_eq!(models["connections"]["out"]["peer"]["connection_type"], "requester");
}

#[test]
fn describe_prints_a_json_schema_that_tells_good_config_from_bad() {
    let described = run(runner().arg("describe").arg(plugin("desk")).args(["--format", "json-schema"]));
    assert_eq!((described.code, described.stderr.as_str()), (Some(0), ""));
    let schema: service_framework::Json = service_framework::serde_json::from_str(&described.stdout).unwrap();
    let config = jsonschema::draft202012::new(&schema).unwrap();
    assert!(config.is_valid(&json!({"depth": -100})));
    for bad in [json!({"depth": 101}), json!({"depth": "10"}), json!({"dpeth": 10})] {
        assert!(!config.is_valid(&bad), "{bad}");
    }
    assert!(schema["$defs"]["connections.in.echo.arguments"].is_object(), "{schema}");
}

#[test]
fn a_reader_of_stdout_that_goes_away_is_no_failure() {
    let mut command = runner();
    command.arg("describe").arg(plugin("desk")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    for arguments in [&["man"][..], &["completions", "zsh"], &["describe", plugin("desk").to_str().unwrap()]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let ended = runner().args(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ended.status.code(), Some(74), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.starts_with(b"error: cannot write to stdout: "), "{ended:?}");
    }
}

/// What a bash that has sourced the completions offers for the last of these words.
fn offered_by_bash(words: &[&str]) -> Vec<String> {
    let script = run(runner().args(["completions", "bash"])).stdout;
    let ask = r#"source /dev/stdin
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        complete -p service_framework > /dev/null || exit 1
        _service_framework service_framework "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash")
        .args(["--norc", "-c", ask, "bash", "service_framework"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("a bash that reads");
    let ended = bash.wait_with_output().expect("bash");
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_flags_commands_and_the_values_of_flags() {
    assert_eq!(offered_by_bash(&["--con"]), ["--config-path", "--console-loglevel"]);
    assert_eq!(offered_by_bash(&["-b"]), ["-bc"]);
    assert_eq!(offered_by_bash(&["-s", "x.so", "-cl", "W"]), ["WARNING"]);
    assert_eq!(offered_by_bash(&["validate", "-s", "x.so", "-cl", "O"]), ["OFF"]);
    assert_eq!(offered_by_bash(&["comp"]), ["completions"]);
    assert_eq!(offered_by_bash(&["completions", "f"]), ["fish"]);
    assert_eq!(offered_by_bash(&["-s", "x.so", "--console-loglevel", "W"]), ["WARNING"]);
    assert_eq!(offered_by_bash(&["validate", "--on-error", "s"]), ["stop"]);
}

#[test]
fn every_shell_has_completions_and_an_unknown_one_is_a_usage_error() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = run(runner().args(["completions", shell]));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(ended.stdout.contains("service-loop-min-wait-time"), "{shell}: {}", ended.stdout);
    }
    let ended = run(runner().args(["completions", "tcsh"]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.is_empty() && ended.stderr.contains("bash"), "{ended:?}");
}

/// A page as `man` shows it, words one space apart; as it was printed where there is no formatter of man pages.
fn formatted(page: &str) -> String {
    let groff = Command::new("groff")
        .args(["-man", "-Tutf8", "-P-cbou", "-ww"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut groff) = groff else {
        let marks = ["\\fB", "\\fI", "\\fR", "\\"];
        let lines = page.lines().map(|line| marks.iter().fold(line.to_owned(), |line, mark| line.replace(mark, "")));
        let words = lines.map(|line| line.trim_start_matches(".SH ").trim_matches('"').to_owned());
        return words.filter(|line| !line.starts_with('.')).collect::<Vec<_>>().join(" ");
    };
    groff.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("a groff that reads");
    let ended = groff.wait_with_output().expect("groff");
    let warnings = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && warnings.is_empty(), "{warnings}");
    let text = String::from_utf8(ended.stdout).expect("text").replace("‐\n", "").replace('‐', "-");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_man_page_tells_every_flag_config_and_the_exit_codes() {
    let ended = run(runner().arg("man"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let page = formatted(&ended.stdout);
    let parts =
        ["short: -wt", "short: -cl", "short: -bc", "-s, --service-path", "--NAME VALUE", "--log-format", "SIGUSR1"];
    let exits = ["EXIT CODES", "69 an address could not be bound", "78 the config", "130 a second SIGINT"];
    let commands = ["validate Checks the service", "describe <SERVICE>", "completions <SHELL>", "COMMANDS", "SIGNALS"];
    let options = ["--format text|json|json-schema How to print it", "json-schema: JSON Schema (draft 2020-12)"];
    for part in parts.into_iter().chain(exits).chain(commands).chain(options) {
        assert!(page.contains(part), "no {part} in {page}");
    }
}

#[test]
fn a_name_of_a_command_may_be_that_of_a_config_where_a_service_is_run() {
    let ended = run(runner().args(["completions", "bash", "-s"]).arg(plugin("desk")));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""), "{ended:?}");
    assert!(ended.stderr.contains("`completions`"), "{ended:?}");
    let help = run(runner().args(["help", "validate"]));
    assert!(help.code == Some(0) && help.stdout.contains("service_framework validate -s"), "{help:?}");
}
