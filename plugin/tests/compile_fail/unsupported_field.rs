use service_framework::prelude::*;

#[derive(Model)]
struct Quote {
    symbol: String,
    price: f32,
    depth: usize,
}

fn main() {}
