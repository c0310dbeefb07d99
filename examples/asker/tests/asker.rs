//! What the asker makes of the answers that it gets.

use asker::Asker;
use service_framework::json;
use service_framework::testing::{Answer, TestError, TestService};

/// An asker with three questions, run to its end. What it asked, and how it ended.
fn asked(mut answer: impl FnMut(&str) -> Answer + 'static) -> (Vec<String>, Result<(), TestError>) {
    let asker = TestService::of::<Asker>().config(json!({"count": 3}));
    let asker = asker.answer("echo", move |question| answer(question["text"].as_str().unwrap()));
    let mut asker = asker.start_as_main().unwrap();
    let ended = asker.run_main();
    let texts = asker.sent().into_iter().map(|sent| sent.arguments["text"].as_str().unwrap().to_owned());
    (texts.collect(), ended)
}

#[test]
fn each_question_is_asked_once_and_in_order() {
    let (asked, ended) = asked(|text| json!({ "text": text }).into());
    ended.unwrap();
    assert_eq!(asked, ["question 1", "question 2", "question 3"]);
}

#[test]
fn an_answer_that_is_no_echo_ends_it_with_both_texts() {
    let (asked, ended) = asked(|text| json!({"text": text.replace('2', "3")}).into());
    assert_eq!(ended.unwrap_err().to_string(), "main failed: asked `question 2`, was answered `question 3`");
    assert_eq!(asked.len(), 2);
}

#[test]
fn nobody_who_answers_ends_it_with_the_connection_and_the_reason() {
    let (_, ended) = asked(|_| Answer::never());
    let said = ended.unwrap_err().to_string();
    assert!(said.starts_with("main failed: `echo`: the peer did not answer in time"), "{said}");
}
