//! A service's life a thousand times over leaves no thread and no descriptor behind. One test alone in its program: it
//! counts what belongs to the whole process.

mod support;

use std::net::TcpListener;

use fixtures::{Desk, Driver};
use service_framework::{Json, Service, json};
use support::messages::request;
use support::peer::Peer;
use support::{process, until};

fn desk(echo: &str) -> Service {
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": echo}, "trouble": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": "127.0.0.1:1"}},
    }});
    Service::of::<Desk>().addresses(addresses).build().expect("a good service")
}

fn lives(times: usize) {
    let mut service = desk("127.0.0.1:0");
    for life in 0..times {
        service.run_service().expect("free ports");
        if life % 10 == 0 {
            let endpoint = service.address("echo").expect("a running service");
            assert_eq!(Peer::dealer(endpoint).ask(&request("hello", "w")).text(), "hello");
        }
        service.stop_service().expect("a clean stop");
    }
}

fn lives_in_main_mode(times: usize) {
    let addresses: Json = json!({"connections": {"out": {"peer": {"requester": "127.0.0.1:1"}}}});
    let mut service =
        Service::of::<Driver>().addresses(addresses).config(json!({"task": "wait"})).build().expect("a good service");
    for _ in 0..times {
        service.run_service_as_main().expect("a start");
        service.stop_service().expect("a clean stop");
    }
}

fn starts_that_fail(times: usize) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut service = desk(&taken.local_addr().expect("an address").to_string());
    for _ in 0..times {
        service.run_service().expect_err("a port that is taken");
    }
}

#[test]
fn a_thousand_lives_leave_no_thread_and_no_descriptor_behind() {
    // The first life loads what stays: the executor's and the kernel's one-time things.
    lives(1);
    lives_in_main_mode(1);
    starts_that_fail(1);
    let before = (process::threads("self"), process::descriptors("self"));
    let memory = process::resident("self");
    lives(1_000);
    lives_in_main_mode(200);
    starts_that_fail(200);
    let mut last = before;
    until("the threads and descriptors of the stopped services to be gone", || {
        last = (process::threads("self"), process::descriptors("self"));
        (last.0 <= before.0 && last.1 <= before.1).then_some(())
    });
    let grown = process::resident("self").saturating_sub(memory);
    assert!(grown < 32 << 20, "the memory grew by {grown} bytes");
}
