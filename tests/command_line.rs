//! The runner as a process, with real plugins: what it prints and where, what signals do, and every exit code.

mod support;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use service_framework::json;
use support::messages::request;
use support::peer::Peer;
use support::plugins::plugin;
use support::recorder::{has_heard, recorder};
use support::runner::{Ended, Folder, Running, run, runner};
use support::until;

/// Where nobody listens: a port of this machine that only its administrator could bind.
const NOBODY: &str = "127.0.0.1:1";

/// The addresses of the desk, in a file.
fn desk_addresses(folder: &Folder, peer: &str) -> PathBuf {
    let anywhere = json!({"replyer": "127.0.0.1:0"});
    let addresses = json!({"connections": {
        "in": {"echo": anywhere, "trouble": anywhere}, "out": {"peer": {"requester": peer}},
    }});
    folder.file("desk.json", addresses.to_string())
}

/// The runner of the desk with these further arguments.
fn desk(folder: &Folder, peer: &str, arguments: &[&str]) -> Command {
    let mut command = runner();
    command.arg("-s").arg(plugin("desk")).arg("-a").arg(desk_addresses(folder, peer)).args(arguments);
    command
}

/// The runner of the driver in main mode with these further arguments.
fn driver(folder: &Folder, peer: &str, arguments: &[&str]) -> Command {
    let addresses =
        folder.file("driver.json", json!({"connections": {"out": {"peer": {"requester": peer}}}}).to_string());
    let mut command = runner();
    command.arg("-s").arg(plugin("driver")).arg("-a").arg(addresses).arg("-m").args(arguments);
    command
}

/// Starts it and waits until it serves.
fn started(mut command: Command) -> (Running, String) {
    let mut running = Running::start(&mut command);
    let endpoint = running.address("echo");
    (running, endpoint)
}

fn stopped(running: Running) -> Ended {
    running.signal("TERM");
    running.ended()
}

#[test]
fn data_goes_to_stdout_and_logs_go_to_stderr() {
    let folder = Folder::new();
    let ended = run(&mut driver(&folder, NOBODY, &["--task", "nothing"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "task=nothing depth=10 price=none loud=false\n");
    assert!(ended.stderr.contains("main begins"), "{ended:?}");
}

#[test]
fn config_comes_from_the_file_then_the_environment_then_the_command_line_in_each_of_its_forms() {
    let folder = Folder::new();
    let config = folder.file("config.json", r#"{"task": "nothing", "depth": 1, "price": 1.10}"#);
    let config = config.to_str().unwrap();
    let line = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = driver(&folder, NOBODY, &[&["-c", config], arguments].concat());
        run(command.envs(environment.iter().copied())).stdout
    };
    assert_eq!(line(&[], &[]), "task=nothing depth=1 price=1.10 loud=false\n");
    let environment = [("SF_CONFIG_DEPTH", "2"), ("SF_CONFIG_PRICE", "2.20")];
    assert_eq!(line(&environment, &[]), "task=nothing depth=2 price=2.20 loud=false\n");
    for form in [&["--depth", "-3"][..], &["--depth=-3"], &["depth", "-3"]] {
        assert_eq!(line(&environment, form), "task=nothing depth=-3 price=2.20 loud=false\n", "{form:?}");
    }
    let all = ["--price", "64235.1700000000000000000001", "loud", "true"];
    assert_eq!(line(&[], &all), "task=nothing depth=1 price=64235.1700000000000000000001 loud=true\n");
    let grouped = folder.file("grouped.json", r#"{"required": {}, "optional": {"task": "nothing", "depth": 7}}"#);
    let ended = run(&mut driver(&folder, NOBODY, &["-c", grouped.to_str().unwrap()]));
    assert_eq!(ended.stdout, "task=nothing depth=7 price=none loud=false\n");
}

#[test]
fn the_long_spellings_with_underscores_are_understood() {
    let folder = Folder::new();
    let addresses = desk_addresses(&folder, NOBODY);
    let mut command = runner();
    command.arg("--service_path").arg(plugin("desk")).arg("--addresses_path").arg(addresses);
    command.args(["--console_loglevel", "DEBUG", "--service_loop_min_wait_time_s", "0.001"]);
    let (mut running, _) = started(command);
    running.until_logged("a line for those who want to know everything");
    assert_eq!(stopped(running).code, Some(0));
}

#[test]
fn a_signal_runs_its_function_which_may_still_send_and_the_end_is_clean() {
    let folder = Folder::new();
    let (_recorder, peer) = recorder();
    for (signal, word) in [("INT", "sigint"), ("TERM", "sigterm")] {
        let task = format!("goodbye {}", folder.path().display());
        let (running, endpoint) = started(desk(&folder, &peer, &["--task", &task]));
        assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
        running.signal(signal);
        let ended = running.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(has_heard(&format!("{task}: {word}")), "{ended:?}");
        assert!(ended.stderr.contains(&format!("the peer answered noted {task}: {word}")), "{ended:?}");
        assert!(ended.stderr.contains("in `echo`: received=1 sent=1"), "{ended:?}");
    }
}

#[test]
fn a_signal_ends_main_before_its_function_runs() {
    let folder = Folder::new();
    for task in ["wait", "look"] {
        let mut running = Running::start(&mut driver(&folder, NOBODY, &["--task", task]));
        running.until_printed("depth=10");
        let ended = stopped(running);
        assert_eq!(ended.code, Some(0), "{task}: {ended:?}");
        assert!(ended.stderr.contains("on_sigterm runs after main"), "{task}: {ended:?}");
    }
}

#[test]
fn a_signal_ends_a_main_that_asks_a_silent_peer() {
    let folder = Folder::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = silent.local_addr().unwrap().to_string();
    let running = Running::start(&mut driver(&folder, &peer, &["--task", "ask the peer"]));
    let mut accepted = Peer::accepted(&silent);
    accepted.receive();
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (mut running, _) = started(desk(&folder, NOBODY, &["--task", "hang on a signal"]));
        running.signal(signal);
        running.until_logged("hanging on");
        assert!(running.is_running());
        running.signal(signal);
        let ended = running.ended();
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains("a second signal"), "{ended:?}");
    }
}

#[test]
fn code_that_does_not_return_in_time_ends_with_seventy() {
    let folder = Folder::new();
    let arguments = ["--task", "never return", "--stop-timeout", "0.1"];
    let mut running = Running::start(&mut driver(&folder, NOBODY, &arguments));
    running.until_printed("depth=10");
    let ended = stopped(running);
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("did not return within 100ms"), "{ended:?}");
}

#[test]
fn a_service_that_fails_ends_with_seventy_and_says_why() {
    let folder = Folder::new();
    for (task, part) in [("fail in new", "told to fail in new"), ("fail in init", "told to fail in init")] {
        let ended = run(&mut desk(&folder, NOBODY, &["--task", task]));
        assert_eq!(ended.code, Some(70), "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
    for (task, part) in [("dance", "does not know how to dance"), ("panic", "told to panic, at ")] {
        let ended = run(&mut driver(&folder, NOBODY, &["--task", task]));
        assert_eq!(ended.code, Some(70), "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
    let (running, _) = started(desk(&folder, NOBODY, &["--task", "fail on a signal"]));
    let ended = stopped(running);
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("on_sigterm failed: told to fail on a signal"), "{ended:?}");
}

#[test]
fn a_signal_during_init_ends_its_wait_and_the_service_stops_as_ever() {
    let folder = Folder::new();
    let mut running = Running::start(&mut desk(&folder, NOBODY, &["--task", "wait in init"]));
    running.until_logged("the desk opens");
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("the desk says goodbye"), "{ended:?}");
}

#[test]
fn a_thread_that_a_plugin_made_logs_where_its_service_does() {
    let folder = Folder::new();
    let (running, _) = started(desk(&folder, NOBODY, &["--task", "log from a thread"]));
    let ended = stopped(running);
    assert!(ended.stderr.contains("WARN  desk a line of a thread that the desk made"), "{ended:?}");
}

#[test]
fn a_function_that_fails_ends_the_service_only_where_that_is_asked_for() {
    let folder = Folder::new();
    let (mut running, _) = started(desk(&folder, NOBODY, &[]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    assert_eq!(peer.ask(&request("error", "w")).code(), "unknown_symbol");
    let panicked = peer.ask(&request("panic", "w"));
    let message = panicked.of_error("message").and_then(|message| message.as_str()).unwrap();
    assert!(message.contains("told to panic") && message.contains("desk.rs:"), "{message}");
    let line = running.until_logged("told to panic");
    assert!(line.contains("ERROR") && line.contains("[w]"), "{line}");
    assert_eq!(stopped(running).code, Some(0));

    let (mut running, _) = started(desk(&folder, NOBODY, &["--on-error", "stop"]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    assert_eq!(peer.ask(&request("error", "w")).code(), "unknown_symbol", "a caller's mistake stops nothing");
    assert_eq!(peer.ask(&request("panic", "w")).code(), "panicked", "the answer leaves before the service ends");
    let ended = running.ended();
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("stopped because a function failed: told to panic"), "{ended:?}");
}

#[test]
fn an_address_that_is_taken_ends_with_sixty_nine() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": address}, "trouble": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": NOBODY}},
    }});
    let path = folder.file("taken.json", addresses.to_string());
    let ended = run(runner().arg("-s").arg(plugin("desk")).arg("-a").arg(path));
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stderr.contains("`echo`") && ended.stderr.contains(&address), "{ended:?}");
}

#[test]
fn all_that_is_wrong_with_config_and_addresses_is_drawn_in_their_files_and_ends_with_seventy_eight() {
    let folder = Folder::new();
    let config = folder.file("config.json", "{\n  \"depth\": \"ten\",\n  \"pirce\": 1\n}\n");
    let addresses = folder.file("wrong.json", r#"{"connections": {"in": {"echo": {"replyer": "127.0.0.1:99999"}}}}"#);
    for validates in [false, true] {
        let mut command = runner();
        command.args(validates.then_some("validate")).arg("-s").arg(plugin("desk"));
        command.arg("-c").arg(&config).arg("-a").arg(&addresses).args(["--lud", "true"]);
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(78), "{ended:?}");
        assert_eq!(ended.stdout, "");
        for part in
            ["config.json:2:", "config.json:3:", "`price`", "wrong.json:1:", "`trouble`", "`peer`", "99999", "`loud`"]
        {
            assert!(ended.stderr.contains(part), "no {part} in {}", ended.stderr);
        }
    }
}

#[test]
fn a_file_that_is_no_json_or_is_not_there_ends_with_seventy_eight() {
    let folder = Folder::new();
    let broken = folder.file("broken.json", "{\"depth\": \n");
    for path in [broken, folder.path().join("missing.json")] {
        let ended = run(&mut desk(&folder, NOBODY, &["-c", path.to_str().unwrap()]));
        assert_eq!(ended.code, Some(78), "{ended:?}");
        assert!(ended.stderr.contains(path.file_name().unwrap().to_str().unwrap()), "{ended:?}");
    }
}

#[test]
fn a_command_line_that_cannot_be_understood_ends_with_two() {
    for arguments in [
        &[][..],
        &["-q"],
        &["-s"],
        &["-s", "x.so", "-wt", "soon"],
        &["-s", "x.so", "-cl", "LOUD"],
        &["-s", "x.so", "--depth"],
        &["describe"],
    ] {
        let ended = run(runner().args(arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
}

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
fn the_loop_waits_at_least_as_long_as_it_is_told_between_two_passes() {
    let folder = Folder::new();
    let (running, endpoint) = started(desk(&folder, NOBODY, &["-wt", "0.1"]));
    let mut peer = Peer::dealer(&endpoint);
    peer.ask(&request("first", "w"));
    let began = Instant::now();
    for _ in 0..5 {
        peer.ask(&request("next", "w"));
    }
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(stopped(running).code, Some(0));
}

#[test]
fn lines_of_the_chosen_levels_go_to_the_console_and_into_hourly_files() {
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    let arguments = ["-l", logs.to_str().unwrap(), "-f", "DEBUG", "-cl", "ERROR", "-bc", "3"];
    let mut running = Running::start(&mut desk(&folder, NOBODY, &arguments));
    let file = until("a log file", || std::fs::read_dir(&logs).ok()?.next()).unwrap().path();
    let log = || std::fs::read_to_string(&file).unwrap();
    until("the whole start in the log", || log().contains("`peer` at ").then_some(()));
    assert!(running.is_running());
    let ended = stopped(running);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let log = log();
    for part in ["INFO  desk the desk opens", "digits=7", "DEBUG desk a line for those", "received=0 sent=0"] {
        assert!(log.contains(part), "no {part} in {log}");
    }
    let name = file.file_name().unwrap().to_str().unwrap();
    let hour = name
        .strip_prefix("desk.service.")
        .and_then(|rest| rest.strip_suffix(".log"))
        .unwrap_or_else(|| panic!("{name}"));
    assert_eq!(hour.split('-').map(str::len).collect::<Vec<_>>(), [4, 2, 2, 2], "{name}");
}

#[test]
fn as_many_old_log_files_are_kept_as_is_said_and_those_of_others_are_left_alone() {
    // One begins with the desk's name: it is neither to be removed nor to be counted as one of the desk's.
    const OTHERS: [&str; 2] = ["desk_eu.service.2019-01-01-10.log", "other.log"];
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for other in OTHERS {
        std::fs::write(logs.join(other), "of somebody else\n").unwrap();
    }
    for hour in 10..20 {
        std::fs::write(logs.join(format!("desk.service.2020-01-01-{hour}.log")), "old\n").unwrap();
    }
    let (running, _) = started(desk(&folder, NOBODY, &["-l", logs.to_str().unwrap(), "-bc", "3"]));
    assert_eq!(stopped(running).code, Some(0));
    let names = std::fs::read_dir(&logs).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let (own, mut others): (Vec<_>, Vec<_>) = names.partition(|name| name.starts_with("desk."));
    others.sort();
    assert_eq!((own.len(), others), (4, OTHERS.map(str::to_owned).to_vec()), "{own:?}");
}

#[test]
fn a_log_folder_that_cannot_be_made_ends_with_seventy_eight() {
    let folder = Folder::new();
    let file = folder.file("file", "in the way");
    let ended = run(&mut desk(&folder, NOBODY, &["-l", file.join("logs").to_str().unwrap()]));
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("cannot write log files") && ended.stderr.contains("Not a directory"), "{ended:?}");
}

#[test]
fn validate_starts_nothing_and_notes_an_address_that_only_this_machine_reaches() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let anywhere = json!({"replyer": taken.local_addr().unwrap().to_string()});
    let addresses = json!({"connections": {
        "in": {"echo": anywhere, "trouble": {"replyer": "*:0"}}, "out": {"peer": {"requester": NOBODY}},
    }});
    let path = folder.file("addresses.json", addresses.to_string());
    let ended =
        run(runner().arg("validate").arg("-s").arg(plugin("desk")).arg("-a").arg(path).args(["--task", "fail in new"]));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "valid: nothing was bound or started\n"), "{ended:?}");
    assert!(ended.stderr.contains("only this machine can connect") && ended.stderr.contains("`echo`"), "{ended:?}");
}

#[test]
fn main_mode_needs_a_main_and_no_in_connections() {
    let folder = Folder::new();
    let ended = run(&mut desk(&folder, NOBODY, &["-m"]));
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("no `main`") && ended.stderr.contains("`echo`"), "{ended:?}");
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
fn a_reader_of_stdout_that_goes_away_is_no_failure() {
    let mut command = runner();
    command
        .arg("describe")
        .arg(plugin("desk"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}
