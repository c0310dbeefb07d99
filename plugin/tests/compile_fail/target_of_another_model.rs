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

struct Client;

impl Target<Price, Query> for Client {
    fn call(&mut self, _: Price) -> Result<Query> {
        Ok(Query { symbol: String::new() })
    }
}

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.external_target(&VENUE, |_| Ok(Client));
    }
}

fn main() {}
