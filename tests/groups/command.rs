//! A group that is run from the command line.

use service_framework::json;

use crate::support::free_address;
use crate::support::messages::{Reply, request};
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, runner};
use crate::{answer, until};

#[test]
fn a_group_of_plugins_runs_reports_and_stops() {
    let (folder, count) = (Folder::new(), free_address());
    let listener = json!({"connections": {
        "in": {"count": {"replyer": count}},
        "out": {"said": {"publisher": "127.0.0.1:0"}},
    }});
    folder.file("listener.json", listener.to_string());
    let group = json!({
        "services": {
            "ears": {"service": plugin("listener"), "addresses": "listener.json"},
            "mouth": {"service": plugin("ticker"), "main": true},
        },
        "relations": {"mouth.ticks": ["ears.heard"]},
    });
    let file = folder.file("group.json", group.to_string());
    let mut running = Running::start(runner().arg("group").arg(&file));
    running.until_logged("`count` at ");
    let heard = || Reply::read(&answer(&format!("tcp://{count}"), &request("", "w"))).text().to_owned();
    let first = until("something to be heard", || Some(heard()).filter(|heard| heard != "0"));
    until("more to be heard", || (heard() != first).then_some(()));
    running.signal("USR1");
    running.until_logged("ears service mode, up for");
    running.until_logged("mouth main mode, up for");
    running.signal("TERM");
    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("mouth out `ticks`: received=0 sent="), "{}", ended.stderr);
}

#[test]
fn what_is_wrong_in_a_group_is_shown_where_it_stands() {
    let folder = Folder::new();
    let text = format!(
        "{{\n  \"services\": {{\"mouth\": {{\"service\": {}, \"main\": true}}}},\n  \"relations\": {{\n    \"mouth.ticks\": [\"ears.heard\"]\n  }}\n}}\n",
        json!(plugin("ticker"))
    );
    let file = folder.file("group.json", text);
    let ended = Running::start(runner().arg("group").arg(&file)).ended();
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    for told in
        ["there is no service `ears`", "group.json:4:21", "4 |     \"mouth.ticks\": [\"ears.heard\"]", "1 problem;"]
    {
        assert!(ended.stderr.contains(told), "{told:?} is not in\n{}", ended.stderr);
    }
    let folder = Folder::new();
    let file = folder.file("group.json", "{\"services\": {\"a\": {\"service\": \"nowhere.so\"}}, \"relation\": 1}");
    let ended = Running::start(runner().arg("group").arg(&file)).ended();
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("did you mean `relations`?"), "{}", ended.stderr);
}
