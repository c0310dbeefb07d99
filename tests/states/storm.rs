//! A hundred copies that come at once for a large state, while its owner has other things to do.

use std::collections::BTreeMap;
use std::time::Instant;

use service_framework::Placement;
use service_framework_model::wire::Arena;
use service_framework_model::wire::state_message::{read_reply, write_request};

use super::faults::{follows, nothing_impossible};
use super::*;
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, runner};

const KEYS: usize = 100_000;
/// Joiners that only ask, and those that are copies.
const ASKERS: usize = 92;
const COPIES: usize = 8;

#[test]
fn a_storm_of_joiners_costs_one_encoding_for_each_head_and_the_updates_go_on() {
    for placement in ["inline", "offloaded"] {
        let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
        let addresses = folder.file("addresses.json", meeting.of_owner().to_string());
        let config = folder.file("config.json", json!({"keys": KEYS, "load": 1}).to_string());
        let mut command = runner();
        command.arg("-s").arg(plugin("keeper")).arg("-a").arg(addresses).arg("-c").arg(config);
        let mut owner = Running::start(command.args(["--placement", placement, "--console-loglevel", "debug"]));
        let mut change = Changer(Peer::dealer(&owner.address("change")));
        let mut look = Looker(Peer::dealer(&owner.address("look")));
        let replyer = meeting.addresses["states"]["out"]["plain"]["replyer"].as_str().expect("an address").to_owned();

        let mut copies: Vec<_> = (0..COPIES).map(|_| meeting.copy(Placement::Inline, &json!({}))).collect();
        let mut askers: Vec<_> = (0..ASKERS).map(|_| Peer::dealer(&format!("tcp://{replyer}"))).collect();
        let mut request = Vec::new();
        write_request(None, &mut request);
        askers.iter_mut().for_each(|asker| asker.send_request(&request));
        let mut worst = Duration::ZERO;
        for n in 0..20 {
            let asked = Instant::now();
            change.change("set", "plain", map(&[("key", text("key 000007")), ("value", Value::Int(-n))]));
            worst = worst.max(asked.elapsed());
        }
        let mut values = BTreeMap::new();
        for asker in &mut askers {
            let frames = asker.receive();
            let [_, body] = frames.as_slice() else { panic!("{} frames", frames.len()) };
            let arena = Arena::new();
            let reply = read_reply(body, &arena).expect("a reply").expect("a snapshot");
            let head = reply.sync.as_ref().expect("an owner of ours").head;
            let before = values.entry(head).or_insert_with(|| body.clone());
            assert!(before == body, "two answers for one head");
        }
        for copy in &mut copies {
            let seen = copy.look.until_equal(&mut look, "plain");
            assert_eq!((seen.number("keys"), seen.number("missed")), (KEYS as u64, 0));
            let seen = follows(&mut copy.look, 10);
            assert_eq!(seen.number("missed"), 0);
            nothing_impossible(&mut copy.look);
        }
        assert!(worst < Duration::from_secs(5), "a change took {worst:?}");
        owner.signal("TERM");
        let ended = owner.ended();
        let line =
            ended.stderr.lines().find(|line| line.contains("`plain` was given to copies")).expect("a line").to_owned();
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [given, encoded] = numbers[..] else { panic!("{line}") };
        println!("{placement}: the worst of the changes took {worst:?}; {} heads; {line}", values.len());
        assert!(given >= (ASKERS + COPIES) as u64, "{line}");
        // The first publication, one for each change that somebody has asked after, and never one for each who asks.
        assert!(encoded <= 22, "{line}");
    }
}
