//! The kit for tests of services: each of its promises, on a service of this program and on the same one in a library.

mod like_sockets;
mod main_mode;
mod messages;
mod peers;
mod publications;
mod start;
mod states;
#[path = "../support/mod.rs"]
mod support;
mod threads;
mod time;

use std::panic::{RefUnwindSafe, catch_unwind};

use fixtures::{Clerk, Watchman};
use service_framework::Json;
use service_framework::testing::{Sent, TestService, TestServiceBuilder};
use support::plugins::plugin;

/// Runs a test for each form in which the clerk can be had, and says which one it was that failed.
#[track_caller]
fn each_clerk(test: impl Fn(TestServiceBuilder) + RefUnwindSafe) {
    each([TestService::of::<Clerk>, || TestService::from_path(plugin("clerk"))], test);
}

/// The same for the watchman.
#[track_caller]
fn each_watchman(test: impl Fn(TestServiceBuilder) + RefUnwindSafe) {
    each([TestService::of::<Watchman>, || TestService::from_path(plugin("watchman"))], test);
}

#[track_caller]
fn each([embedded, library]: [fn() -> TestServiceBuilder; 2], test: impl Fn(TestServiceBuilder) + RefUnwindSafe) {
    for (form, service) in [("of this program", embedded), ("in a library", library)] {
        let outcome = catch_unwind(|| test(service()));
        assert!(outcome.is_ok(), "with the service {form}");
    }
}

fn task(text: &str) -> Json {
    service_framework::json!({ "text": text })
}

/// The texts of what was sent, each with the connection that it went to.
fn texts(sent: &[Sent]) -> Vec<(&str, &str)> {
    sent.iter().map(|sent| (sent.connection.as_str(), sent.arguments["text"].as_str().unwrap_or("no text"))).collect()
}
