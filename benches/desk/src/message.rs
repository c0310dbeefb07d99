//! The message that every benchmark sends, and its framing.
//!
//! Owns the one order of all figures: two decimals, two texts, a number and a time in 165 bytes of arguments.

use service_framework::{DateTime, Decimal};

use crate::Order;

/// The workflow id of the message.
pub const WORKFLOW_ID: &str = "7d5c2a9e-1f4b-4c7e-9a63-5b8d0e2f4a11";

/// The order.
#[must_use]
pub fn order(sequence: i64) -> Order<'static> {
    Order {
        price: Decimal::from_parts(6_423_517, 0, 0, false, 2),
        quantity: Decimal::from_parts(125, 0, 0, false, 4),
        symbol: "BTC-USD",
        order_id: "0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40",
        sequence,
        time: DateTime::from_timestamp_nanos(1_700_000_000_123_456_789),
    }
}

/// A sequence number of usual size.
pub const SEQUENCE: i64 = 1_234_567;

#[cfg(test)]
mod tests {
    use rmp::encode::ByteBuf;

    use super::*;
    use crate::by_hand;

    #[test]
    fn the_message_has_the_fields_and_the_size_that_the_figures_are_about() {
        let order = order(SEQUENCE);
        assert_eq!((order.price.to_string(), order.quantity.to_string()), ("64235.17".into(), "0.0125".into()));
        assert_eq!(order.order_id.len(), 36);
        let mut wire = ByteBuf::new();
        by_hand::write_arguments(&order, &mut wire);
        assert_eq!(wire.as_slice().len(), 165);
    }
}
