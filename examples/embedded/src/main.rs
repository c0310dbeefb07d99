//! One program with two services in it, which speak to each other over a port that the system picks.
//!
//! The same services are plugins for the runner: nothing in them knows how they are run.

use std::error::Error;

use asker::Asker;
use echo::Echo;
use service_framework::{Service, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut echo = Service::of::<Echo>()
        .addresses(json!({"connections": {"in": {"echo": {"replyer": "127.0.0.1:0"}}}}))
        .build()?;
    echo.run_service()?;
    let address = echo.address("echo").ok_or("the echo service has no address")?;

    let mut asker = Service::of::<Asker>()
        .addresses(json!({"connections": {"out": {"echo": {"requester": address}}}}))
        .config(json!({"count": 1000}))
        .build()?;
    asker.run_service_as_main_blocking()?;

    echo.stop_service()?;
    Ok(())
}
