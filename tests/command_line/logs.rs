//! Log lines: their levels, their files, their service.

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
