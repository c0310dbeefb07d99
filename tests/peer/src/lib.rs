//! One side of an exchange of messages with a peer that need not be this framework: it sends the values of a script, or
//! takes what comes, and tells as JSON what it saw.
//!
//! Owns the roles and the JSON form of values that loses nothing. Where it can be, a role is a service on the untyped API,
//! so that it says and hears whatever the wire can carry. Three roles of states are not: the numbers that `delta_out` sends
//! are the script's, and of what `delta_in` and `full_in` get, every single message is to be told. Those move bytes between
//! the transport and the state machines themselves.

pub mod delta_in;
pub mod delta_out;
mod follower;
pub mod full_in;
pub mod full_out;
mod outcome;
pub mod publisher;
pub mod publishing;
pub mod replyer;
mod report;
pub mod requester;
mod script;
mod sockets;
pub mod subscriber;
pub mod typed;

use std::time::Duration;

pub use outcome::Outcome;

use serde_json::Value as Json;

/// A time on the command line, in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 0.5".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

/// The creation arguments that a role's config holds as text.
fn creation(config: &Json) -> service_framework::prelude::Result<Json> {
    let text = config.get("creation").and_then(Json::as_str).unwrap_or("{}");
    Ok(serde_json::from_str(text)?)
}
