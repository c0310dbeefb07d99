//! A service that remembers the texts that it was sent: the peer of services whose requests a test wants to see.

use std::sync::{Mutex, PoisonError};

use fixtures::Text;
use service_framework::prelude::*;
use service_framework::{Service, json};

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(crate) struct Recorder;

impl ServiceDefinition for Recorder {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("note", Self::on_note);
    }

    fn name() -> &'static str {
        "recorder"
    }
}

impl Recorder {
    fn on_note(&mut self, note: Text, _: &mut Context) -> Result<Text> {
        HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(note.text.clone());
        Ok(Text { text: format!("noted {}", note.text) })
    }
}

/// Starts a recorder and says where it listens. It stops when dropped.
pub(crate) fn recorder() -> (Service, String) {
    let addresses = json!({"connections": {"in": {"note": {"replyer": "127.0.0.1:0"}}}});
    let mut service = Service::of::<Recorder>().addresses(addresses).build().expect("a good service");
    service.run_service().expect("a free port");
    let address = service.address("note").expect("a running service").to_owned();
    (service, address)
}

/// Whether any recorder of this program has heard this text.
pub(crate) fn has_heard(text: &str) -> bool {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|heard| heard == text)
}
