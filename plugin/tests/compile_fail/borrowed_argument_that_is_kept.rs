use service_framework::prelude::*;

#[derive(Model)]
struct Order<'a> {
    symbol: &'a str,
}

struct Desk {
    last: &'static str,
}

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { last: "" })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer_borrowed::<Order, ()>("order", Self::on_order);
    }
}

impl Desk {
    fn on_order(&mut self, order: Order<'_>, _: &mut Context) -> Result<()> {
        self.last = order.symbol;
        Ok(())
    }
}

fn main() {}
