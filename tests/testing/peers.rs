//! The other end of what a service sends over, as a script plays it.

use std::time::Duration;

use fixtures::clerk::{Order, Price};
use fixtures::{Clerk, Text};
use service_framework::testing::{Answer, TestError, TestService};
use service_framework::{Decimal, Error, Json, Value, json};

use super::{each_clerk, task, texts};

fn order() -> Json {
    json!({"symbol": "A", "quantity": 2})
}

/// The code of the answer to an order that met this at the venue, and how long that took.
fn met(clerk: &mut TestService, answer: Answer) -> (String, Duration) {
    clerk.answer("venue", move |_| answer.clone()).unwrap();
    let before = clerk.elapsed();
    let code = clerk.deliver("order", order()).unwrap_err().code().to_owned();
    (code, clerk.elapsed() - before)
}

#[test]
fn each_failure_of_a_request_is_told_apart_and_takes_the_time_that_it_takes() {
    const SECOND: Duration = Duration::from_secs(1);
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        assert_eq!(clerk.deliver("order", order()).unwrap_err().code(), "no_peer", "without a script nobody is there");
        assert_eq!(clerk.elapsed(), SECOND * 2, "it waits for somebody to come");
        assert!(clerk.sent().is_empty(), "what nobody took was not sent");

        assert_eq!(met(&mut clerk, Answer::no_peer()), ("no_peer".into(), SECOND * 2));
        assert_eq!(met(&mut clerk, Answer::never()), ("timed_out".into(), SECOND * 2));
        assert_eq!(met(&mut clerk, Answer::peer_lost().after(SECOND)), ("peer_lost".into(), SECOND));
        assert_eq!(met(&mut clerk, Answer::busy()), ("busy".into(), Duration::ZERO));
        let refused = Error::caller("closed", "the venue is closed").retryable();
        assert_eq!(met(&mut clerk, refused.into()), ("closed".into(), Duration::ZERO));
        let late = Answer::from(json!({"price": 1})).after(SECOND * 3);
        assert_eq!(met(&mut clerk, late), ("timed_out".into(), SECOND * 2));
        assert_eq!(clerk.sent().len(), 4, "never, lost, refused and late were sent");

        let in_time = Answer::from(json!({"price": 1})).after(SECOND);
        clerk.answer("venue", move |_| in_time.clone()).unwrap();
        let before = clerk.elapsed();
        assert_eq!(clerk.deliver("order", order()).unwrap(), json!({"price": "2"}));
        assert_eq!(clerk.elapsed() - before, SECOND);
    });
}

#[test]
fn a_reply_that_does_not_fit_is_what_the_service_refuses() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let other = Value::map([("cost", Value::Int(1))]);
        assert_eq!(met(&mut clerk, Answer::value(other)).0, "bad_reply");
        assert_eq!(met(&mut clerk, Answer::bytes(&b"\xc1"[..])).0, "bad_reply");
        assert_eq!(met(&mut clerk, json!({"price": -1}).into()).0, "bad_reply");
        assert_eq!(clerk.stats().outbound["venue"].dropped["bad_reply"], 3);
    });
}

#[test]
fn a_slip_of_a_script_is_the_tests_error_whatever_the_service_makes_of_it() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("venue", |_| json!({"prize": 1})).start().unwrap();
        let error = clerk.deliver("order", order()).unwrap_err();
        assert!(matches!(error, TestError::Test(_)), "{error}");
        let said = error.to_string();
        assert!(said.starts_with("the test's return arguments for `venue` do not fit the model:"), "{said}");
        assert!(said.contains("did you mean `price`?"), "{said}");
    });
}

#[test]
fn a_script_sees_each_request_and_may_be_written_with_models() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        clerk
            .answer_as("venue", |order: Order| match order.symbol.as_str() {
                "A" => Ok(Price { price: Decimal::from(order.quantity * 10) }),
                other => Err(Error::caller("unknown_symbol", format!("there is no {other}"))),
            })
            .unwrap();
        assert_eq!(clerk.deliver("order", order()).unwrap(), json!({"price": "40"}));
        let unknown = clerk.deliver("order", json!({"symbol": "B", "quantity": 1})).unwrap_err();
        assert_eq!(unknown.code(), "unknown_symbol");
        let sent = clerk.sent();
        assert_eq!(sent[1].arguments_as::<Order>().unwrap().symbol, "B");
        assert_eq!(sent[0].arguments, order());
        assert!(sent[0].arguments_as::<Text>().is_err());

        clerk.answer_as("venue", |_: Text| Ok(Text { text: String::new() })).unwrap();
        let error = clerk.deliver("order", order()).unwrap_err();
        assert!(matches!(&error, TestError::Test(said) if said.contains("fixtures::Text`")), "{error}");
    });
}

#[test]
fn an_idempotent_request_is_sent_again_as_in_production() {
    each_clerk(|clerk| {
        let mut tries = 0;
        let clerk = clerk.answer("quotes", move |_| {
            tries += 1;
            match tries {
                1 => Answer::never(),
                2 => Answer::peer_lost(),
                _ => task("at last").into(),
            }
        });
        let mut clerk = clerk.start().unwrap();
        assert_eq!(clerk.deliver("task", task("quote")).unwrap(), task("at last"));
        assert_eq!(clerk.elapsed(), Duration::from_secs(2), "the first try had its third of the six seconds");
        let sent = clerk.sent();
        assert_eq!(sent.len(), 3);
        assert_eq!(sent[0].bytes, sent[2].bytes, "it is the same request");
    });
}

#[test]
fn an_external_target_is_the_services_own_unless_it_is_scripted() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        assert_eq!(clerk.deliver("task", task("apple")).unwrap(), task("apple from the store"));
        assert_eq!(texts(&clerk.sent()), [("store", "apple")]);
        clerk.answer("store", |asked| json!({"text": format!("no {}", asked["text"].as_str().unwrap())})).unwrap();
        assert_eq!(clerk.deliver("task", task("apple")).unwrap(), task("no apple"));
        clerk.answer("store", |_| Answer::never()).unwrap();
        assert_eq!(clerk.deliver("task", task("apple")).unwrap_err().code(), "timed_out");
    });
}

#[test]
fn two_services_are_wired_by_a_script_and_a_slip_in_it_is_no_refusal() {
    each_clerk(|clerk| {
        let store = |connection: &'static str| {
            let mut store = TestService::of::<Clerk>().start().unwrap();
            move |asked: &Json| store.deliver(connection, asked.clone()).map_or_else(Answer::from, Answer::from)
        };
        let mut clerk = clerk.answer("store", store("task")).start().unwrap();
        assert_eq!(clerk.deliver("task", task("apple")).unwrap(), task("apple from the store"));
        let refused = clerk.deliver("task", task("nothing")).unwrap_err();
        assert_eq!(refused.refused().unwrap().field.as_deref(), Some("text"));

        clerk.answer("store", store("taks")).unwrap();
        let slip = clerk.deliver("task", task("apple")).unwrap_err();
        assert!(matches!(&slip, TestError::Test(said) if said.contains("did you mean `task`?")), "{slip}");
    });
}
