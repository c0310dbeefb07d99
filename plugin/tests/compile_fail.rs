//! The mistakes that an author makes first, and what the compiler says to them: each `.stderr` is a message that an
//! author reads.

#[test]
fn mistakes_are_answered_with_messages_worth_reading() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
