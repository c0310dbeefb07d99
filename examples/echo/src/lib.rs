//! Answers every text with itself: the smallest service there is.
//!
//! Read it first: a model, a service, the declaration of one connection, and the function behind it.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use service_framework::prelude::*;

/// What is asked, and what is answered.
#[derive(Debug, Model)]
pub struct Text {
    /// Any text; it comes back as it is.
    pub text: String,
}

/// The service. It remembers nothing.
#[derive(Debug)]
pub struct Echo;

impl ServiceDefinition for Echo {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("echo", Self::on_text);
    }
}

impl Echo {
    fn on_text(&mut self, text: Text, _: &mut Context) -> Result<Text> {
        Ok(text)
    }
}

export_service!(Echo);
