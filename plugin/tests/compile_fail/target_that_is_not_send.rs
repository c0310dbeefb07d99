use std::rc::Rc;

use service_framework::prelude::*;

#[derive(Model)]
struct Query {
    symbol: String,
}

#[derive(Model)]
struct Price {
    price: Decimal,
}

const VENUE: ExternalTarget<Query, Price> = ExternalTarget::new("venue");

struct Client {
    session: Rc<str>,
}

impl Target<Query, Price> for Client {
    fn call(&mut self, _: Query) -> Result<Price> {
        Err(Error::new(self.session.to_string()))
    }
}

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.external_target(&VENUE, |_| {
            let session = Rc::from("A");
            Ok(move |_: Query| Err(Error::new(Rc::<str>::clone(&session).to_string())))
        });
    }
}

fn main() {}
