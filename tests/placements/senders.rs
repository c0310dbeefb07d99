//! Sends from threads of the author's own.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use service_framework::prelude::*;
use service_framework::{Placement, Service, json};

use crate::support::recorder::{has_heard, recorder};
use crate::support::until;
use crate::worker::{NOBODY, PEER, Text, tell, teller, worker};
use crate::{each_placement, started};

/// A service that hands its sender to the test, and otherwise does nothing or drives.
struct Lender;

static LENT: Mutex<Option<Sender>> = Mutex::new(None);

impl ServiceDefinition for Lender {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&PEER).timeout(Duration::from_secs(5));
        m.init(|_, ctx| {
            *LENT.lock().unwrap() = Some(ctx.sender()?);
            Ok(())
        });
        m.main(|_, ctx| ctx.wait(Duration::from_secs(600)));
    }
}

fn lent(service: &mut Service, in_main_mode: bool) -> Sender {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if in_main_mode { service.run_service_as_main() } else { service.run_service() }.expect("a start");
    LENT.lock().unwrap().take().expect("a sender")
}

fn lender(placement: Placement, peer: &str) -> Service {
    let addresses = json!({"connections": {"out": {"peer": {"requester": peer}}}});
    Service::of::<Lender>().addresses(addresses).placement(placement).build().expect("a good service")
}

#[test]
fn many_threads_send_through_one_service_each_its_own_answer_in_either_mode() {
    let (_recorder, address) = recorder();
    for in_main_mode in [false, true] {
        each_placement(|placement| {
            let mut service = lender(placement, &address);
            let sender = lent(&mut service, in_main_mode);
            std::thread::scope(|scope| {
                for thread in 0..8 {
                    let sender = sender.clone();
                    scope.spawn(move || {
                        for n in 0..50 {
                            let text = format!("{placement:?} {in_main_mode} {thread} {n}");
                            assert_eq!(sender.send(&PEER, &Text::new(&text)).unwrap().text, format!("noted {text}"));
                        }
                    });
                }
            });
            assert!(has_heard(&format!("{placement:?} {in_main_mode} 7 49")));
            assert_eq!(service.stats().outbound["peer"].sent, 400);
            assert!(!sender.should_stop());
            service.stop_service().unwrap();
            assert!(sender.should_stop());
            assert_eq!(sender.send(&PEER, &Text::new("too late")).unwrap_err().kind(), ErrorKind::Stopping);
        });
    }
}

#[test]
fn a_stop_ends_what_a_thread_waits_for() {
    each_placement(|placement| {
        let mut service = lender(placement, NOBODY);
        let sender = lent(&mut service, false);
        let (began, begun) = channel();
        let waiting = std::thread::spawn(move || {
            began.send(()).unwrap();
            sender.send(&PEER, &Text::new("to nobody"))
        });
        begun.recv().unwrap();
        service.stop_service().unwrap();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Stopping);
    });
}

#[test]
fn a_sender_on_the_services_own_thread_is_refused_instead_of_waiting_for_itself() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "keep");
        assert_eq!(tell(&mut peer, "misuse"), "wrong_thread");
        assert_eq!(tell(&mut peer, "hello"), "hello");
    });
}

#[test]
fn a_thread_sends_while_a_function_waits() {
    let (_recorder, address) = recorder();
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(address)));
        assert_eq!(tell(&mut teller(&service), "thread"), "noted from a thread");
    });
}

#[test]
fn a_thread_sends_under_load() {
    let (_recorder, address) = recorder();
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(address)));
        let mut peer = teller(&service);
        for _ in 0..500 {
            peer.send_request(&crate::support::messages::request("hello", "w"));
        }
        assert_eq!(tell(&mut teller(&service), "thread"), "noted from a thread");
        (0..500).for_each(|_| assert_eq!(peer.reply().text(), "hello"));
        until("all to be counted", || (service.stats().inbound["told"].received == 501).then_some(()));
    });
}
