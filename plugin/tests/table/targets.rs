//! External targets: made by the service, called and dropped on other threads, sent to like any connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use service_framework::__private::Slot;
use service_framework::abi::*;
use service_framework::prelude::*;

use crate::support::{Hosted, Run};

#[derive(Model)]
struct Query {
    symbol: String,
}

#[derive(Model)]
struct Price {
    price: i64,
    calls: i64,
}

const VENUE: ExternalTarget<Query, Price> = ExternalTarget::new("venue");

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Makes as many clients as it has accounts.
struct Desk {
    accounts: Vec<i64>,
}

struct Client {
    account: i64,
    calls: i64,
}

impl Target<Query, Price> for Client {
    fn call(&mut self, query: Query) -> Result<Price> {
        self.calls += 1;
        match query.symbol.as_str() {
            "PANIC" => panic!("the venue is gone"),
            "CLOSED" => Err(Error::with_code("closed", "the venue is closed").retryable()),
            _ => Ok(Price { price: self.account, calls: self.calls }),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        if self.account == 13 {
            panic!("dropped")
        }
    }
}

impl ServiceDefinition for Desk {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self { accounts: vec![13, 8, 7] })
    }

    fn models(m: &mut Models<Self>) {
        m.external_target(&VENUE, Self::client);
        m.replyer("price", |_, query: Query, ctx| ctx.send(&VENUE, &query));
        let (query, price) = (Query::record(), Price::record());
        m.external_target_untyped("echo", query, price, |_| {
            Ok(|query: Value| match query {
                Value::Map(entries) => Ok(Value::map([("price", 1.into()), ("calls", (entries.len() as i64).into())])),
                _ => Err(Error::new("expected a map")),
            })
        });
        m.init(|_, ctx| {
            ctx.send_value("echo", &Value::map([("symbol", "A".into())]))?;
            Ok(())
        });
    }
}

impl Desk {
    fn client(&mut self) -> Result<impl Target<Query, Price> + use<>> {
        let account = self.accounts.pop().ok_or_else(|| Error::new("there is no account left"))?;
        Ok(Client { account, calls: 0 })
    }
}

const PRICE: u32 = 0;
const VENUE_PLACE: u32 = 1;
const ECHO_PLACE: u32 = 2;

fn desk() -> Hosted {
    Hosted::new::<Desk>(&[], &mut Run::default()).unwrap()
}

fn price(price: i64, calls: i64) -> Value {
    Value::List(vec![price.into(), calls.into()])
}

#[test]
fn each_target_is_an_object_of_its_own_that_other_threads_call() {
    let mut desk = desk();
    let targets = [7, 8].map(|account| (account, desk.make_target(VENUE_PLACE, &mut Run::default()).unwrap()));
    drop(desk);
    let threads = targets.map(|(account, mut target)| {
        thread::spawn(move || {
            let mut run = Run::default();
            assert_eq!(target.call(&[Slot::str("A")], &mut run), OK);
            assert_eq!(target.call(&[Slot::str("A")], &mut run), OK);
            assert_eq!(run.replies, [price(account, 1), price(account, 2)]);
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn an_error_and_a_panic_of_a_target_end_a_call_and_not_the_target() {
    let mut target = desk().make_target(VENUE_PLACE, &mut Run::default()).unwrap();
    let mut run = Run::default();
    assert_eq!(target.call(&[Slot::str("CLOSED")], &mut run), FAILED);
    let closed = ("closed".into(), "the venue is closed".into(), String::new(), ERROR_IS_RETRYABLE);
    assert_eq!(run.failure.take(), Some(closed));
    assert_eq!(target.call(&[Slot::str("PANIC")], &mut run), PANICKED);
    assert_eq!(run.failure.take().unwrap().1, "the venue is gone");
    assert_eq!(target.call(&[Slot::int(1)], &mut run), FAILED);
    assert_eq!(run.failure.take().unwrap().2, "symbol");
    assert_eq!(target.call(&[Slot::str("A")], &mut run), OK);
    assert_eq!(run.replies, [price(7, 3)]);
}

#[test]
fn a_target_that_cannot_be_made_says_why() {
    let (mut desk, mut run) = (desk(), Run::default());
    let made: Vec<_> = (0..3).map(|_| desk.make_target(VENUE_PLACE, &mut run).unwrap()).collect();
    assert_eq!(desk.make_target(VENUE_PLACE, &mut run).err(), Some(FAILED));
    assert_eq!(run.failure.take().unwrap().1, "there is no account left");
    for none in [PRICE, ECHO_PLACE + 1, u32::MAX] {
        assert_eq!(desk.make_target(none, &mut run).err(), Some(FAILED));
        assert!(run.failure.take().unwrap().1.contains(&format!("no external target at place {none}")));
    }
    // One of them panics when dropped, which does no harm.
    let before = DROPPED.load(Ordering::Relaxed);
    drop(made);
    assert!(DROPPED.load(Ordering::Relaxed) >= before + 3);
}

#[test]
fn a_target_is_sent_to_like_a_requester() {
    let (mut desk, mut run) = (desk(), Run { answer: Some(price(5, 6)), ..Run::default() });
    assert_eq!(desk.call(PRICE, &[Slot::str("A")], &mut run), OK);
    assert_eq!(run.sends, [(VENUE_PLACE, Value::List(vec!["A".into()]))]);
    assert_eq!(run.replies, [price(5, 6)]);
    run.refusal = Some(("busy", ERROR_IS_RETRYABLE));
    assert_eq!(desk.call(PRICE, &[Slot::str("A")], &mut run), FAILED);
    assert_eq!(run.failure.unwrap().0, "busy");
}

#[test]
fn an_untyped_target_has_names_on_this_side_and_places_on_the_other() {
    let (mut desk, mut run) = (desk(), Run { answer: Some(price(1, 1)), ..Run::default() });
    assert_eq!(desk.call(FUNCTION_INIT, &[], &mut run), OK);
    assert_eq!(run.sends, [(ECHO_PLACE, Value::List(vec!["A".into()]))]);
    let mut target = desk.make_target(ECHO_PLACE, &mut run).unwrap();
    assert_eq!(target.call(&[Slot::str("A")], &mut run), OK);
    assert_eq!(run.replies, [price(1, 1)]);
}
