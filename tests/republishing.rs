//! Subscribers whose publishers die, and publishers whose subscribers do, on each transport: without anybody's doing,
//! what is said is heard again as soon as both are there.

mod support;

use std::time::Duration;

use fixtures::{Listener, Ticker};
use service_framework::{Json, Service, json};
use support::messages::request;
use support::peer::Peer;
use support::plugins::plugin;
use support::process;
use support::runner::{Folder, Running, runner};
use support::{free_address, until};

const DEATHS: usize = 10;

fn listener_addresses(heard: &Json, transport: &str) -> Json {
    json!({"connections": {
        "in": {"heard": {"subscriber": heard, "transport": transport}, "count": {"replyer": "127.0.0.1:0"}},
        "out": {"said": {"publisher": "127.0.0.1:0"}},
    }})
}

fn ticker_addresses(address: &str, transport: &str) -> Json {
    json!({"connections": {"out": {"ticks": {"publisher": address, "transport": transport}}}})
}

fn listener(heard: &Json, transport: &str) -> Service {
    let mut listener = Service::of::<Listener>().addresses(listener_addresses(heard, transport)).build().unwrap();
    listener.run_service().unwrap();
    listener
}

fn received(listener: &Service) -> u64 {
    listener.stats().inbound["heard"].received
}

/// Something is heard that was not heard before.
#[track_caller]
fn hears(listener: &Service) {
    let before = received(listener);
    until("something to be heard", || (received(listener) > before + 3).then_some(()));
}

/// A ticker in a process of its own.
fn ticker(folder: &Folder, address: &str, transport: &str) -> Running {
    let file = folder.file("addresses.json", ticker_addresses(address, transport).to_string());
    let mut ticker = Running::start(runner().arg("-m").arg("-s").arg(plugin("ticker")).arg("-a").arg(file));
    ticker.until_logged("`ticks` at ");
    ticker
}

fn subscriber_recovers(ours: &str, theirs: &str, address: &str) {
    let folder = Folder::new();
    let listener = listener(&json!(address), ours);
    for _ in 0..DEATHS {
        let ticker = ticker(&folder, address, theirs);
        hears(&listener);
        ticker.signal("KILL");
        ticker.ended();
    }
    let dropped = listener.stats().inbound["heard"].dropped.clone();
    assert!(dropped.is_empty(), "each life of a publisher is counted anew: {dropped:?}");
}

#[test]
fn a_subscriber_over_omq_outlives_its_publishers() {
    subscriber_recovers("omq", "omq", &free_address());
    subscriber_recovers("omq", "zeromq", &free_address());
}

#[test]
fn a_subscriber_over_zeromq_outlives_its_publishers() {
    subscriber_recovers("zeromq", "omq", &free_address());
}

#[test]
fn a_subscriber_over_ipc_outlives_its_publishers() {
    let folder = Folder::new();
    subscriber_recovers("omq", "omq", &format!("ipc://{}", folder.path().join("ticks.sock").display()));
}

#[test]
fn a_publisher_that_dies_takes_no_other_one_with_it() {
    let folders = [Folder::new(), Folder::new()];
    let addresses = [free_address(), free_address()];
    let listener = listener(&json!(addresses), "omq");
    let steady = ticker(&folders[0], &addresses[0], "omq");
    for _ in 0..3 {
        let mortal = ticker(&folders[1], &addresses[1], "omq");
        hears(&listener);
        mortal.signal("KILL");
        mortal.ended();
        hears(&listener);
    }
    steady.signal("KILL");
    steady.ended();
}

#[test]
fn a_publisher_that_was_frozen_is_heard_again() {
    for transport in ["omq", "zeromq"] {
        let (folder, address) = (Folder::new(), free_address());
        let listener = listener(&json!(address), transport);
        let ticker = ticker(&folder, &address, transport);
        hears(&listener);
        for _ in 0..3 {
            ticker.signal("STOP");
            until("the publisher to be frozen", || process::is_frozen(&ticker.id()).then_some(()));
            let before = received(&listener);
            until("silence", || {
                let heard = received(&listener);
                std::thread::sleep(Duration::from_millis(50));
                (received(&listener) == heard).then_some(())
            });
            ticker.signal("CONT");
            until("something to be heard", || (received(&listener) > before + 10).then_some(()));
        }
        assert_eq!(listener.stats().inbound["heard"].dropped.get("missed"), None);
    }
}

/// Publishers that connect, to subscribers that are killed and come back at the same address.
fn publisher_recovers(ours: &str, theirs: &str) {
    let (folder, address) = (Folder::new(), free_address());
    let config = json!({"ticks": json!({"is_x_pub": true}).to_string()});
    let mut ticker =
        Service::of::<Ticker>().addresses(ticker_addresses(&address, ours)).config(config).build().unwrap();
    ticker.run_service_as_main().unwrap();
    let addresses = folder.file("addresses.json", listener_addresses(&json!(address), theirs).to_string());
    let config = folder.file("config.json", json!({"heard": json!({"is_binder": true}).to_string()}).to_string());
    let library = plugin("listener");
    for _ in 0..DEATHS {
        let mut listener =
            Running::start(runner().arg("-s").arg(&library).arg("-a").arg(&addresses).arg("-c").arg(&config));
        let mut asker = Peer::dealer(&listener.address("count"));
        until("something to be heard", || {
            let reply = asker.ask(&request("heard", "w"));
            let count = reply.text().strip_prefix("heard ")?.parse::<u64>().ok()?;
            (count > 3).then_some(())
        });
        listener.signal("KILL");
        listener.ended();
    }
    ticker.stop_service().unwrap();
}

#[test]
fn a_publisher_over_omq_outlives_its_subscribers() {
    publisher_recovers("omq", "omq");
}

#[test]
fn a_publisher_over_zeromq_outlives_its_subscribers() {
    publisher_recovers("zeromq", "omq");
}

#[test]
fn both_sides_recover_within_one_process() {
    let address = "inproc://republishing";
    let mut listener = listener(&json!(address), "inproc");
    let mut ticker = Service::of::<Ticker>().addresses(ticker_addresses(address, "inproc")).build().unwrap();
    ticker.run_service_as_main().unwrap();
    for life in 0..DEATHS {
        hears(&listener);
        if life % 2 == 0 {
            ticker.stop_service().unwrap();
            ticker.run_service_as_main().unwrap();
        } else {
            listener.stop_service().unwrap();
            listener.run_service().unwrap();
        }
    }
    hears(&listener);
}
