//! Asks the echo service a number of times, checks each answer, and ends: a service that drives instead of answering.
//!
//! It declares the messages itself and knows nothing of the service at the other end: two services agree when their
//! models do, whatever they are written in.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;

use service_framework::prelude::*;

/// What is asked; the question is borrowed, so that sending it copies nothing but the message itself.
#[derive(Debug, Model)]
pub struct Question<'a> {
    text: &'a str,
}

/// What is answered.
#[derive(Debug, Model)]
pub struct Answer {
    text: String,
}

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// How many questions are asked.
    #[model(default = 100, min = 1)]
    count: u64,
}

const ECHO: Requester<Question<'static>, Answer> = Requester::new("echo");

/// The service.
#[derive(Debug)]
pub struct Asker {
    count: u64,
}

impl ServiceDefinition for Asker {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { count: config.count })
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&ECHO).timeout(Duration::from_secs(5));
        m.main(Self::ask);
    }
}

impl Asker {
    fn ask(&mut self, ctx: &mut Context) -> Result<()> {
        for n in 1..=self.count {
            let text = format!("question {n}");
            let answer = ctx.send(&ECHO, &Question { text: &text })?;
            if answer.text != text {
                return Err(Error::new(format!("asked `{text}`, was answered `{}`", answer.text)));
            }
        }
        writeln!(std::io::stdout(), "asked: {}\nanswered as asked: {}", self.count, self.count)?;
        Ok(())
    }
}

export_service!(Asker);
