//! Log lines: their levels, their files, their service.

use service_framework::prelude::{DateTime, Utc};
use service_framework::{Json, json, serde_json};

use crate::support::messages::request;
use crate::support::peer::Peer;
use crate::support::runner::{Folder, Running};
use crate::support::until;
use crate::{NOBODY, desk, started, stopped};

#[test]
fn a_thread_that_a_plugin_made_logs_where_its_service_does() {
    let folder = Folder::new();
    let (running, _) = started(desk(&folder, NOBODY, &["--task", "log from a thread"]));
    let ended = stopped(running);
    assert!(ended.stderr.contains("WARN  desk a line of a thread that the desk made"), "{ended:?}");
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
fn in_the_json_form_every_line_of_console_and_files_is_an_object() {
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    let arguments = ["--log-format", "json", "-l", logs.to_str().unwrap()];
    let mut running = Running::start(&mut desk(&folder, NOBODY, &arguments));
    running.until_logged("`peer` at ");
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let file = std::fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(file).unwrap(), ended.stderr);
    let lines: Vec<Json> = ended.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        let mut expected = ["time", "level", "service", "workflow_id", "target", "message", "fields"];
        expected.sort_unstable();
        assert_eq!(keys.len(), expected.len(), "{line}");
        assert!(expected.iter().all(|key| line.get(key).is_some()), "{line}");
        assert_eq!(line["service"], "desk");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == "2026-01-01T00:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
        assert!(time.parse::<DateTime<Utc>>().is_ok(), "{time}");
    }
    let opens = lines.iter().find(|line| line["message"].as_str().unwrap().starts_with("the desk opens")).unwrap();
    assert_eq!(
        (&opens["level"], &opens["target"], &opens["workflow_id"]),
        (&json!("INFO"), &json!("fixtures::desk"), &Json::Null)
    );
}

#[test]
fn a_log_folder_that_becomes_useless_does_not_stop_the_service_and_is_told_once() {
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    let (mut running, _) = started(desk(&folder, NOBODY, &["-l", logs.to_str().unwrap(), "-cl", "INFO"]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    std::fs::remove_dir_all(&logs).unwrap();
    std::fs::write(&logs, "in the way").unwrap();
    let mut says = || assert_eq!(peer.ask(&request("log: still here", "w")).text(), "log: still here");
    until("a complaint", || {
        says();
        running.has_logged("cannot write log files into").then_some(())
    });
    (0..100).for_each(|_| says());
    std::fs::remove_file(&logs).unwrap();
    until("the files to be written again", || {
        says();
        running.has_logged("are written again").then_some(())
    });
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("cannot write log files into").count(), 1, "{ended:?}");
    let file = std::fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    assert!(std::fs::read_to_string(file).unwrap().contains("still here"));
}
