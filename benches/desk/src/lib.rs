//! The desk of all benchmarks: it takes an order and acknowledges it with what it is worth.
//!
//! Owns the two forms in which the same desk is measured, a service of the framework (here) and a loop written by hand
//! ([`by_hand`], [`publication`]), the message that both get ([`message`]), the processes that they are in
//! ([`process`]), what the kernel says of these ([`proc`]) and how times are summed up ([`stats`]). Never measures: that is what the benchmarks do.

pub mod by_hand;
pub mod message;
pub mod proc;
pub mod process;
pub mod publication;
pub mod stats;
pub mod text;

use std::hint::black_box;

use service_framework::prelude::*;
use service_framework::{Json, json};

/// An order, borrowed from its message.
#[derive(Model, Clone, Copy, Debug, PartialEq)]
pub struct Order<'a> {
    /// The price of one unit.
    pub price: Decimal,
    /// How many units.
    pub quantity: Decimal,
    /// What is bought.
    pub symbol: &'a str,
    /// The sender's name for the order.
    pub order_id: &'a str,
    /// The sender's count of its orders.
    pub sequence: i64,
    /// When it was sent.
    pub time: DateTime<Utc>,
}

/// An acknowledgement, borrowed from the order.
#[derive(Model, Clone, Copy, Debug, PartialEq)]
pub struct Ack<'a> {
    /// What is bought.
    pub symbol: &'a str,
    /// Price times quantity.
    pub notional: Decimal,
    /// The count of the order.
    pub sequence: i64,
}

/// An order that owns its texts.
#[derive(Model)]
pub struct OwnedOrder {
    /// The price of one unit.
    pub price: Decimal,
    /// How many units.
    pub quantity: Decimal,
    /// What is bought.
    pub symbol: String,
    /// The sender's name for the order.
    pub order_id: String,
    /// The sender's count of its orders.
    pub sequence: i64,
    /// When it was sent.
    pub time: DateTime<Utc>,
}

/// An acknowledgement that owns its text.
#[derive(Model, Debug, PartialEq)]
pub struct OwnedAck {
    /// What is bought.
    pub symbol: String,
    /// Price times quantity.
    pub notional: Decimal,
    /// The count of the order.
    pub sequence: i64,
}

/// Acknowledges an order: what every form of the desk computes.
#[inline]
#[must_use]
pub fn acknowledge<'a>(order: &Order<'a>) -> Ack<'a> {
    Ack { symbol: order.symbol, notional: order.price * order.quantity, sequence: order.sequence }
}

/// The name of the connection whose function borrows.
pub const BORROWED: &str = "borrowed";
/// The name of the connection whose function owns.
pub const OWNED: &str = "owned";

/// The name of the subscriber whose function borrows.
pub const HEARD_BORROWED: &str = "heard_borrowed";
/// The name of the subscriber whose function owns.
pub const HEARD_OWNED: &str = "heard_owned";

/// Addresses of the desk that is asked with borrowed arguments at this one. Its other connections are not used.
#[must_use]
pub fn addresses(borrowed: &str) -> Json {
    let unused = "inproc://unused";
    json!({"connections": {"in": {
        BORROWED: {"replyer": borrowed},
        OWNED: {"replyer": "127.0.0.1:0"},
        HEARD_BORROWED: {"subscriber": unused},
        HEARD_OWNED: {"subscriber": unused},
    }}})
}

/// The desk as a service.
pub struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer_borrowed::<Order, Ack>(BORROWED, Self::on_borrowed);
        m.replyer(OWNED, Self::on_owned);
        m.subscriber_borrowed::<Order>(HEARD_BORROWED, Self::on_heard_borrowed).topic(publication::TOPIC);
        m.subscriber(HEARD_OWNED, Self::on_heard_owned).topic(publication::TOPIC);
    }
}

impl Desk {
    fn on_borrowed<'a>(&mut self, order: Order<'a>, _: &mut Context) -> Result<Ack<'a>> {
        Ok(acknowledge(&order))
    }

    fn on_owned(&mut self, order: OwnedOrder, _: &mut Context) -> Result<OwnedAck> {
        let notional = order.price * order.quantity;
        Ok(OwnedAck { symbol: order.symbol, notional, sequence: order.sequence })
    }

    fn on_heard_borrowed(&mut self, order: Order<'_>, _: &mut Context) -> Result<()> {
        black_box(&order);
        Ok(())
    }

    fn on_heard_owned(&mut self, order: OwnedOrder, _: &mut Context) -> Result<()> {
        black_box(&order);
        Ok(())
    }
}

export_service!(Desk);
