use service_framework::prelude::*;

#[derive(Model)]
struct Order {
    symbol: String,
}

#[derive(Model)]
struct Ack {
    sequence: i64,
}

const DESK: Requester<Order, Ack> = Requester::new("desk");

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
    }
}

impl Desk {
    fn forward(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.send(&DESK, &Ack { sequence: 1 })?;
        Ok(())
    }
}

fn main() {}
