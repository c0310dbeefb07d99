//! Scripts: files with the values that a role sends, and how a role that sends them is played.
//!
//! Owns the reading, and the wait for the service that sends. What a value is sent as, and where to, is the role's.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::report::Audience;
use crate::typed;

/// What has become of a script.
pub(crate) struct Played {
    /// What the service saw, one thing for each value.
    pub(crate) seen: Vec<Json>,
    /// Whether it sent all values.
    pub(crate) complete: bool,
    pub(crate) error: Option<String>,
}

/// The values of a script: a JSON array of typed values.
pub(crate) fn read_script(path: &Path) -> Result<Vec<Value>> {
    let unread = |reason: &dyn Display| Error::new(format!("cannot read the script `{}`: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unread(&error))?;
    let values: Vec<Json> = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    values.iter().map(typed::from_json).collect()
}

/// Plays a service whose main function sends a script's values, until it is through, fails, or has had enough time.
pub(crate) fn play(path: &Path, patience: Duration, start: impl FnOnce() -> Result<Service, ServiceError>) -> Played {
    let failed = |error: String| Played { seen: Vec::new(), complete: false, error: Some(error) };
    let script = match read_script(path) {
        Ok(script) => script,
        Err(error) => return failed(error.to_string()),
    };
    let audience = Audience::open();
    let mut service = match start() {
        Ok(service) => service,
        Err(error) => return failed(error.to_string()),
    };
    let seen = audience.hear(script.len(), patience);
    let complete = seen.len() == script.len();
    // Its main function returns by itself, and what is still on its way to the sockets leaves, unless it is stuck.
    let ended = if complete { service.wait() } else { service.stop_service() };
    Played { seen, complete, error: ended.err().map(|error| error.to_string()) }
}
