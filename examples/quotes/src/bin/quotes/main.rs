//! One program with all of it: an exchange, the service that asks it, and a client that asks the service.
//!
//! `cargo run --package quotes`

mod client;
mod server;

use std::error::Error;

use client::Client;
use quotes::Quotes;
use server::Server;
use service_framework::{Service, json};

fn main() -> Result<(), Box<dyn Error>> {
    let exchange = Server::start()?;
    println!("An exchange listens at {}", exchange.url());
    let mut quotes = quotes(&exchange.url())?;
    ask(&quotes, &["BTC-USD", "ETH-USD"])?;

    println!("What goes wrong is told apart");
    ask(&quotes, &["NOPE", "FAIL", "GARBLED", "MINUS"])?;

    println!("A call that is too slow is given up, and others are answered while it goes on");
    ask(&quotes, &["SLOW", "BTC-USD"])?;
    println!("  calls that the exchange has not answered: {}", exchange.held());

    println!("When all calls are taken, the next one is not made");
    ask(&quotes, &["SLOW", "BTC-USD"])?;
    println!("  calls that the exchange has not answered: {}", exchange.held());

    println!("The slow calls end, and all is well again");
    drop(exchange);
    quotes.stop_service()?;
    Ok(())
}

/// The service, running on a port that the system picks.
fn quotes(url: &str) -> Result<Service, Box<dyn Error>> {
    let mut quotes = Service::of::<Quotes>()
        .addresses(json!({"connections": {"in": {"quote": {"replyer": "127.0.0.1:0"}}}}))
        .config(json!({"url": url, "timeout_s": 1.0}))
        .build()?;
    quotes.run_service()?;
    Ok(quotes)
}

/// Runs a client that asks for these, to its end.
fn ask(quotes: &Service, symbols: &[&str]) -> Result<(), Box<dyn Error>> {
    let address = quotes.address("quote").ok_or("the service has no address")?;
    let mut client = Service::of::<Client>()
        .addresses(json!({"connections": {"out": {"quotes": {"requester": address}}}}))
        .config(json!({"symbols": symbols}))
        .build()?;
    client.run_service_as_main_blocking()?;
    Ok(())
}
