use service_framework::prelude::*;

use std::collections::HashMap;

#[derive(Model)]
struct Flags {
    by_flag: HashMap<bool, i64>,
}

fn main() {}
