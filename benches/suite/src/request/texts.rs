//! Both sides of requests of one text as services of the framework.
//!
//! Owns the services. How they are built is in [`super::services`].

use service_framework::prelude::*;

use super::turns::Turns;

/// A request and its reply.
#[derive(Model)]
pub(super) struct Text<'a> {
    text: &'a str,
}

/// A reply that owns its text.
#[derive(Model)]
pub(super) struct OwnedText {
    text: String,
}

/// Answers each text with itself.
pub(super) struct Echo;

impl ServiceDefinition for Echo {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer_borrowed::<Text, Text>("desk", Self::on_text);
    }
}

impl Echo {
    fn on_text<'a>(&mut self, Text { text }: Text<'a>, _: &mut Context) -> Result<Text<'a>> {
        Ok(Text { text })
    }
}

/// Asks with a text of the size that the config says.
pub(super) struct Asking(usize);

/// How long the text is.
#[derive(Model)]
pub(super) struct Size {
    size: u64,
}

const DESK: Requester<Text<'static>, OwnedText> = Requester::new("desk");

impl ServiceDefinition for Asking {
    type Config = Size;

    fn new(Size { size }: Size) -> Result<Self> {
        Ok(Self(size as usize))
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
        m.init(Self::ask);
    }
}

impl Asking {
    fn ask(&mut self, ctx: &mut Context) -> Result<()> {
        // What is sent through a handle lives as long as the program.
        let text: &'static str = "x".repeat(self.0).leak();
        let mut turns = Turns::default();
        while let Some(count) = turns.next() {
            for _ in 0..count {
                turns.wait();
                let reply = ctx.send(&DESK, &Text { text })?;
                turns.came(reply.text == text);
            }
        }
        Ok(())
    }
}
