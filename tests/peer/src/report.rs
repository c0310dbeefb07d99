//! The way from a role's service to the program around it.
//!
//! The runtime makes the service, from its config alone: so the end that the service takes waits for it in a static,
//! and a program plays one role at a time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use service_framework::prelude::*;

static WAITING: Mutex<Option<Sender<Json>>> = Mutex::new(None);

/// The service's end: what it saw, one by one.
pub(crate) struct Witness(Sender<Json>);

impl Witness {
    /// The end that waits for a service.
    pub(crate) fn take() -> Result<Self> {
        let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner).take();
        waiting.map(Self).ok_or_else(|| Error::new("nobody waits for what this service sees"))
    }

    /// Tells of something. A program that has given up listens no more.
    pub(crate) fn saw(&self, what: Json) {
        let _ = self.0.send(what);
    }
}

/// The program's end.
pub(crate) struct Audience(Receiver<Json>);

impl Audience {
    /// Leaves the other end for the service that is made next.
    pub(crate) fn open() -> Self {
        let (told, hears) = channel();
        *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Self(hears)
    }

    /// What the service saw: `count` things, or those until it ended or `patience` did.
    pub(crate) fn hear(&self, count: usize, patience: Duration) -> Vec<Json> {
        let ends = Instant::now() + patience;
        let mut heard = Vec::new();
        while heard.len() < count {
            match self.0.recv_timeout(ends.saturating_duration_since(Instant::now())) {
                Ok(what) => heard.push(what),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        heard
    }
}
