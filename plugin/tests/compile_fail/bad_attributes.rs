use service_framework::prelude::*;

#[derive(Model)]
struct Unknown {
    #[model(minimum = 1)]
    quantity: i64,
}

#[derive(Model)]
#[model(rename_all = "Snake")]
struct UnknownCase {
    quantity: i64,
}

#[derive(Model)]
struct NotOptional {
    #[model(optional)]
    quantity: i64,
}

#[derive(Model)]
struct RequiredWithDefault {
    #[model(required, default = 1)]
    quantity: i64,
}

#[derive(Model)]
struct SameName {
    #[model(rename = "size")]
    quantity: i64,
    size: i64,
}

fn main() {}
