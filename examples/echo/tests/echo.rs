//! What the echo service answers.

use echo::Echo;
use service_framework::json;
use service_framework::testing::{TestError, TestService};

#[test]
fn a_text_comes_back_as_it_was() -> Result<(), TestError> {
    let mut echo = TestService::of::<Echo>().start()?;
    for text in ["hello", "", "Grüße\n\u{0}"] {
        assert_eq!(echo.deliver("echo", json!({ "text": text }))?, json!({ "text": text }));
    }
    Ok(())
}
