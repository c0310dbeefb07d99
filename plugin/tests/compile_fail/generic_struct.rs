use service_framework::prelude::*;

#[derive(Model)]
struct Wrapper<T> {
    inner: T,
}

fn main() {}
