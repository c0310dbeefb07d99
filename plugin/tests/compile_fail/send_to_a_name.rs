use service_framework::prelude::*;

#[derive(Model)]
struct Order {
    symbol: String,
}

fn forward(order: &Order, ctx: &mut Context) -> Result<()> {
    ctx.send("desk", order)?;
    Ok(())
}

fn main() {}
