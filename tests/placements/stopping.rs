//! What leaves, and what does not, once a service is asked to stop; and that it stops whatever its peers do.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender as ChannelSender, channel};
use std::time::{Duration, Instant};

use service_framework::prelude::*;
use service_framework::{Placement, Service, StopReason, json};

use crate::each_placement;
use crate::support::messages::request;
use crate::support::peer::Peer;
use crate::support::recorder::{has_heard, recorder};
use crate::support::{PATIENCE, until};
use crate::worker::{NOBODY, PEER, Text, teller, worker};

/// Drives until it is asked to stop, then sends all the same, and says how that ended.
struct Obstinate;

type Ends = (ChannelSender<Sender>, ChannelSender<Vec<ErrorKind>>, Receiver<()>);

static TEST: Mutex<Option<Ends>> = Mutex::new(None);

impl ServiceDefinition for Obstinate {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&PEER);
        m.main(Self::main);
    }
}

impl Obstinate {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        let (lends, tells, goes) = TEST.lock().unwrap().take().expect("a test");
        lends.send(ctx.sender()?)?;
        while !ctx.should_stop() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let kinds = (0..3).map(|n| ctx.send(&PEER, &Text::new(format!("after the stop {n}"))).map(|_| ()).unwrap_err());
        tells.send(kinds.map(|error| error.kind()).collect())?;
        goes.recv()?;
        Ok(())
    }
}

#[test]
fn nothing_is_sent_any_more_when_main_was_asked_to_stop() {
    let (_recorder, address) = recorder();
    each_placement(|placement| {
        let addresses = json!({"connections": {"out": {"peer": {"requester": address}}}});
        let mut service = Service::of::<Obstinate>().addresses(addresses).placement(placement).build().unwrap();
        let ((lends, lent), (tells, told), (go, goes)) = (channel(), channel(), channel());
        *TEST.lock().unwrap() = Some((lends, tells, goes));
        service.run_service_as_main().unwrap();
        let sender: Sender = lent.recv_timeout(PATIENCE).unwrap();
        service.stopper().unwrap().stop(StopReason::Requested);
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), [ErrorKind::Stopping; 3]);
        assert_eq!(sender.send(&PEER, &Text::new("a thread after the stop")).unwrap_err().kind(), ErrorKind::Stopping);
        assert_eq!(service.stats().outbound["peer"].sent, 0);
        go.send(()).unwrap();
        service.wait().unwrap();
        assert!(!has_heard("after the stop 0") && !has_heard("a thread after the stop"));
    });
}

#[test]
fn a_peer_that_sends_without_end_does_not_keep_a_service_from_stopping() {
    for transport in ["omq", "zeromq"] {
        each_placement(|placement| {
            let mut service = worker(placement, 0, &json!(NOBODY)).transport(transport).build().unwrap();
            service.run_service().unwrap();
            let mut flood = Peer::dealer(service.address("told").unwrap());
            let message = crate::support::peer::message(&[b"", &request("hello", "w")]).repeat(100);
            let flooding = std::thread::spawn(move || flood.write_until_refused(&message, u64::MAX));
            until("the flood", || (service.stats().inbound["told"].received > 1_000).then_some(()));
            let began = Instant::now();
            service.stop_service().unwrap();
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            flooding.join().unwrap();
        });
    }
}

/// Answers slowly, and lends its sender.
struct Slow;

static LENT: Mutex<Option<Sender>> = Mutex::new(None);

impl ServiceDefinition for Slow {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("told", |_: &mut Self, told: Text, _| {
            std::thread::sleep(Duration::from_millis(30));
            Ok(told)
        });
        m.requester(&PEER).timeout(Duration::from_millis(800));
        m.init(|_, ctx| {
            *LENT.lock().unwrap() = Some(ctx.sender()?);
            Ok(())
        });
    }
}

fn slow(placement: Placement, peer: &str) -> (Service, Sender) {
    let addresses = json!({"connections": {
        "in": {"told": {"replyer": "127.0.0.1:0"}}, "out": {"peer": {"requester": peer}},
    }});
    let mut service = Service::of::<Slow>().addresses(addresses).placement(placement).build().unwrap();
    service.run_service().unwrap();
    let sender = LENT.lock().unwrap().take().unwrap();
    (service, sender)
}

#[test]
fn a_thread_sends_while_slow_functions_have_a_queue_to_work_through() {
    let (_recorder, address) = recorder();
    each_placement(|placement| {
        let (service, sender) = slow(placement, &address);
        let mut peer = teller(&service);
        const REQUESTS: usize = 60;
        (0..REQUESTS).for_each(|_| peer.send_request(&request("hello", "w")));
        for n in 0..5 {
            let text = format!("{placement:?} {n}");
            assert_eq!(sender.send(&PEER, &Text::new(&text)).unwrap().text, format!("noted {text}"));
        }
        assert!(service.stats().inbound["told"].received < REQUESTS as u64, "they were sent in between");
        (0..REQUESTS).for_each(|_| assert_eq!(peer.reply().text(), "hello"));
    });
}
