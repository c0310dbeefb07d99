use service_framework::prelude::*;

#[derive(Model)]
struct Pair<'a, 'b> {
    left: &'a str,
    right: &'b str,
}

fn main() {}
