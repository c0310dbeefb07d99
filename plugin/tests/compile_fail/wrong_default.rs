use service_framework::prelude::*;

#[derive(Model)]
struct Config {
    #[model(default = "ten")]
    depth: i64,
    #[model(default = 10)]
    note: Option<String>,
}

fn main() {}
