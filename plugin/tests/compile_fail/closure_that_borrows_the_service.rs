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

struct Desk {
    url: String,
}

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { url: String::new() })
    }

    fn models(m: &mut Models<Self>) {
        m.external_target(&VENUE, |desk| Ok(|_: Query| Err(Error::new(desk.url.as_str()))));
    }
}

fn main() {}
