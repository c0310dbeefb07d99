//! What is refused before anything starts, and with which exit code.

use std::net::TcpListener;

use crate::support::plugins::plugin;
use crate::support::runner::{Folder, run, runner};
use crate::{NOBODY, desk};
use service_framework::json;

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
fn a_log_folder_that_cannot_be_made_ends_with_seventy_eight() {
    let folder = Folder::new();
    let file = folder.file("file", "in the way");
    let ended = run(&mut desk(&folder, NOBODY, &["-l", file.join("logs").to_str().unwrap()]));
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("cannot write log files") && ended.stderr.contains("is no folder"), "{ended:?}");
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
fn main_mode_needs_a_main_which_is_all_that_is_told_of_a_service_without() {
    let folder = Folder::new();
    let ended = run(&mut desk(&folder, NOBODY, &["-m"]));
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("no `main`") && ended.stderr.contains("\n1 problem;"), "{ended:?}");
}

#[test]
fn an_address_that_is_taken_ends_with_sixty_nine_and_tells_how_to_find_who_has_it() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let anywhere = json!({"replyer": "127.0.0.1:0"});
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": taken.local_addr().unwrap().to_string()}, "trouble": anywhere},
        "out": {"peer": {"requester": NOBODY}},
    }});
    let path = folder.file("addresses.json", addresses.to_string());
    let ended = run(runner().arg("-s").arg(plugin("desk")).arg("-a").arg(path));
    assert_eq!(ended.code, Some(69), "{ended:?}");
    let said = "the address is in use\n = help: stop who listens there (`ss -ltnp` shows it), or choose another port\n";
    assert!(ended.stderr.ends_with(said), "{ended:?}");
}
