use service_framework::prelude::*;

#[derive(Model)]
struct Order {
    symbol: String,
}

#[derive(Model)]
struct Ack {
    sequence: i64,
}

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("order", Self::on_order);
    }
}

impl Desk {
    fn on_order(&mut self, _: &mut Context, _: Order) -> Result<Ack> {
        Ok(Ack { sequence: 1 })
    }
}

fn main() {}
