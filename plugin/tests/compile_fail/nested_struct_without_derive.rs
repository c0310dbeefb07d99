use service_framework::prelude::*;

struct Level {
    price: Decimal,
}

#[derive(Model)]
struct Book {
    levels: Vec<Level>,
    best: Option<Level>,
}

fn main() {}
