use service_framework::prelude::*;

#[derive(Model)]
struct Order {
    #[model(min = 1)]
    symbol: String,
    #[model(pattern = "[0-9]+")]
    quantity: i64,
    #[model(max_length = 9)]
    price: Decimal,
}

fn main() {}
