//! One side of an exchange of messages with a peer that need not be this framework: it sends the values of a script, or
//! takes what comes, and tells as JSON what it saw.
//!
//! Owns the roles and the JSON form of values that loses nothing. Each role is a service on the untyped API, so that it
//! says and hears whatever the wire can carry.

mod outcome;
pub mod replyer;
mod report;
pub mod requester;
pub mod typed;

use std::time::Duration;

pub use outcome::Outcome;

/// A time on the command line, in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 0.5".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}
