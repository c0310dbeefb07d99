use service_framework::prelude::*;

#[derive(Model)]
enum Side {
    Buy,
    Sell,
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
        m.requester(&Requester::<Side, Ack>::new("desk"));
    }
}

impl Desk {

}

fn main() {}
