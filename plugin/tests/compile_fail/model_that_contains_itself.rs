use service_framework::prelude::*;

#[derive(Model)]
struct Node {
    children: Vec<Node>,
}

fn main() {}
