//! Where config comes from, and where data and logs go.

use crate::support::plugins::plugin;
use crate::support::runner::{Folder, run, runner};
use crate::{NOBODY, desk_addresses, driver, started, stopped};

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
