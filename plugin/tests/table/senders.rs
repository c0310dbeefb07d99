//! Senders: sends from threads of the author's own.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use service_framework::abi::*;
use service_framework::prelude::*;

use crate::support::{Hosted, Line, Run};

#[derive(Model)]
struct Order<'a> {
    symbol: &'a str,
    levels: Vec<i64>,
}

#[derive(Debug, PartialEq, Model)]
struct Ack {
    sequence: i64,
}

const DESK: Requester<Order<'static>, Ack> = Requester::new("desk");

thread_local! {
    static HANDED_OUT: Cell<Option<Sender>> = const { Cell::new(None) };
}

/// Hands out a sender, as a service does to the threads that it starts.
struct Feed;

impl ServiceDefinition for Feed {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
        m.init(|_, ctx| {
            HANDED_OUT.set(Some(ctx.sender()?));
            Ok(())
        });
    }
}

/// A sender whose service is gone already, and what it leads to.
fn sender() -> (Sender, Arc<Line>) {
    let mut run = Run::default();
    let mut feed = Hosted::new::<Feed>(&[], &mut run).unwrap();
    assert_eq!(feed.call(FUNCTION_INIT, &[], &mut run), OK);
    *run.line.answer.lock().unwrap() = Some(Value::List(vec![7.into()]));
    (HANDED_OUT.take().unwrap(), run.line)
}

#[test]
fn threads_send_at_the_same_time_and_get_what_comes_back() {
    let (sender, line) = sender();
    let threads = [1, 2, 3, 4].map(|level| {
        let sender = sender.clone();
        thread::spawn(move || {
            let symbol = level.to_string();
            for _ in 0..50 {
                let ack = sender.send(&DESK, &Order { symbol: &symbol, levels: vec![level; 3] }).unwrap();
                assert_eq!(ack, Ack { sequence: 7 });
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let sends = line.sends.lock().unwrap();
    for level in [1, 2, 3, 4] {
        let levels = Value::List(vec![Value::Int(level); 3]);
        let order = (0, Value::List(vec![level.to_string().into(), levels]));
        assert_eq!(sends.iter().filter(|sent| **sent == order).count(), 50);
    }
    assert_eq!(sends.len(), 200);
}

#[test]
fn a_send_that_fails_says_why_on_the_thread_that_sent() {
    let (sender, line) = sender();
    *line.refusal.lock().unwrap() = Some(("stopping", 0));
    let error = thread::spawn(move || sender.send(&DESK, &Order { symbol: "A", levels: vec![] }).unwrap_err());
    let error = error.join().unwrap();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Stopping, "as the host says"));
}

#[test]
fn a_reply_that_the_type_cannot_hold_is_a_bad_reply() {
    let (sender, line) = sender();
    *line.answer.lock().unwrap() = Some(Value::List(vec!["seven".into()]));
    let error = sender.send(&DESK, &Order { symbol: "A", levels: vec![] }).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::BadReply, Some("sequence")));
}

#[test]
fn untyped_arguments_are_sent_by_name() {
    let (sender, line) = sender();
    let order = Value::map([("levels", Value::List(vec![])), ("symbol", "A".into())]);
    assert_eq!(sender.send_value("desk", &order).unwrap(), Value::map([("sequence", 7.into())]));
    assert_eq!(*line.sends.lock().unwrap(), [(0, Value::List(vec!["A".into(), Value::List(vec![])]))]);
    assert!(sender.send_value("nowhere", &order).unwrap_err().message().contains("`nowhere`"));
    let error = sender.send_value("desk", &Value::map([("prise", 1.into())])).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("prise")));
}

#[test]
fn a_sender_knows_that_the_service_stops() {
    let (sender, line) = sender();
    assert!(!sender.should_stop());
    line.stopping.store(true, Ordering::Relaxed);
    assert!(sender.should_stop());
}

#[test]
fn the_handle_is_given_back_when_the_last_clone_is_dropped() {
    let (sender, line) = sender();
    let clone = sender.clone();
    drop(sender);
    assert_eq!(Arc::strong_count(&line), 2);
    thread::spawn(move || drop(clone)).join().unwrap();
    assert_eq!(Arc::strong_count(&line), 1);
}

#[test]
fn a_host_that_hands_out_no_sender_says_why() {
    let mut run = Run { refusal: Some(("not_here", 0)), ..Run::default() };
    let mut feed = Hosted::new::<Feed>(&[], &mut run).unwrap();
    assert_eq!(feed.call(FUNCTION_INIT, &[], &mut run), FAILED);
    assert_eq!(run.failure.unwrap().0, "not_here");
    assert!(HANDED_OUT.take().is_none());
}
