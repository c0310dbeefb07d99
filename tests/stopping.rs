//! What a stop does to the messages and the calls that it meets.

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use service_framework::prelude::*;
use service_framework::{Service, json};
use support::messages::request;
use support::peer::Peer;

/// The test's side of a function that is held: it says that it was entered, and waits to be let go.
struct Gate {
    entered: Receiver<String>,
    go: Sender<()>,
}

static HELD: Mutex<Option<(Sender<String>, Receiver<()>)>> = Mutex::new(None);

fn gate() -> Gate {
    let (entering, entered) = channel();
    let (go, going) = channel();
    *HELD.lock().unwrap() = Some((entering, going));
    Gate { entered, go }
}

#[derive(Model)]
struct Text {
    text: String,
}

struct Held;

impl ServiceDefinition for Held {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("held", Self::on_text);
    }
}

impl Held {
    fn on_text(&mut self, text: Text, _: &mut Context) -> Result<Text> {
        let held = HELD.lock().unwrap();
        let (entering, going) = held.as_ref().unwrap();
        entering.send(text.text.clone())?;
        going.recv()?;
        Ok(text)
    }
}

#[test]
fn a_stop_lets_the_function_in_hand_finish_and_turns_away_what_waits_behind_it() {
    const REQUESTS: usize = 6;
    let gate = gate();
    let addresses = json!({"connections": {"in": {"held": {"replyer": "127.0.0.1:0"}}}});
    let mut service = Service::of::<Held>().addresses(addresses).build().unwrap();
    service.run_service().unwrap();
    let mut peer = Peer::dealer(service.address("held").unwrap());
    for n in 0..REQUESTS {
        peer.send_request(&request(&format!("text {n}"), &format!("w{n}")));
    }
    assert_eq!(gate.entered.recv().unwrap(), "text 0");
    service.stopper().unwrap().stop(service_framework::StopReason::Requested);
    gate.go.send(()).unwrap();

    assert_eq!(peer.reply().text(), "text 0");
    for n in 1..REQUESTS {
        let reply = peer.reply();
        assert_eq!((reply.code(), reply.workflow_id()), ("stopping", &format!("w{n}").into()));
        assert_eq!(reply.of_error("is_retryable"), Some(&true.into()));
    }
    service.wait().unwrap();
    assert!(gate.entered.try_recv().is_err(), "no other request was handled");
}

#[test]
fn no_length_of_time_is_too_long_to_be_waited_for() {
    let forever = Duration::MAX;
    let addresses = json!({"connections": {"in": {"held": {"replyer": "127.0.0.1:0"}}}});
    let builder = Service::of::<Held>().addresses(addresses).stop_timeout(forever).linger(forever);
    let mut service = builder.service_loop_min_wait_time(forever).build().unwrap();
    service.run_service().unwrap();
    service.stop_service().unwrap();
}
