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

struct Client<'a> {
    url: &'a str,
}

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { url: String::new() })
    }

    fn models(m: &mut Models<Self>) {
        m.external_target(&VENUE, Self::client);
    }
}

impl Desk {
    fn client(&mut self) -> Result<Client<'_>> {
        Ok(Client { url: &self.url })
    }
}

fn main() {}
