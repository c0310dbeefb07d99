use service_framework::prelude::*;

#[derive(Model)]
struct Order {
    symbol: String,
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
    fn on_order(&mut self, _: Order, _: &mut Context) -> Result<String> {
        Ok("done".to_owned())
    }
}

fn main() {}
