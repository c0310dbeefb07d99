use service_framework::prelude::*;

#[derive(Model)]
struct Price(Decimal);

fn main() {}
