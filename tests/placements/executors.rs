//! A function of an embedded service that has an async executor of its own.

use std::sync::{Mutex, PoisonError};

use service_framework::prelude::*;
use service_framework::{Service, json};

use crate::each_placement;

const NOWHERE: Requester<Text, Text> = Requester::new("nowhere");

/// What `main` was told: inside of its executor, and after it had left it.
static TOLD: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

#[derive(Model)]
struct Text {
    text: String,
}

struct Async;

impl ServiceDefinition for Async {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&NOWHERE).timeout(Duration::from_millis(1));
        m.main(Self::main);
    }
}

impl Async {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        let executor = tokio::runtime::Builder::new_current_thread().build()?;
        let text = Text { text: "hello".into() };
        let said = executor.block_on(async {
            [ctx.send(&NOWHERE, &text).err(), ctx.wait(Duration::from_millis(1)).err(), ctx.flush().err()]
        });
        let after = [ctx.send(&NOWHERE, &text).err(), ctx.wait(Duration::from_millis(1)).err(), ctx.flush().err()];
        let code = |error: Option<Error>| error.map_or("none".to_owned(), |error| error.code().to_owned());
        let pairs = said.into_iter().zip(after).map(|(said, after)| (code(said), code(after)));
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).extend(pairs);
        Ok(())
    }
}

#[test]
fn what_would_wait_inside_of_an_executor_is_refused_and_works_outside_of_it() {
    each_placement(|placement| {
        let addresses = json!({"connections": {"out": {"nowhere": {"requester": "127.0.0.1:1"}}}});
        let mut service = Service::of::<Async>().addresses(addresses).placement(placement).build().unwrap();
        service.run_service_as_main_blocking().unwrap();
        let told = std::mem::take(&mut *TOLD.lock().unwrap());
        let expected = ["no_peer", "none", "none"].map(|after| ("inside_executor".to_owned(), after.to_owned()));
        assert_eq!(told, expected);
    });
}
