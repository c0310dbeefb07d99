//! A typed handle on a requester: what a send through it carries and brings back is known to the compiler.

use std::fmt;
use std::marker::PhantomData;

/// A handle on the requester of this name, which sends an `A` and gets back an `R`.
///
/// ```
/// use service_framework::prelude::*;
///
/// #[derive(Model)]
/// pub struct Order<'a> {
///     symbol: &'a str,
/// }
///
/// #[derive(Model)]
/// pub struct Ack {
///     sequence: i64,
/// }
///
/// const DESK: Requester<Order<'static>, Ack> = Requester::new("desk");
///
/// fn order(symbol: &str, ctx: &mut Context) -> Result<i64> {
///     let ack = ctx.send(&DESK, &Order { symbol })?;
///     Ok(ack.sequence)
/// }
/// ```
pub struct Requester<A, R> {
    name: &'static str,
    // A function that returns them: covariant, so that a handle on `Order<'static>` sends any `Order<'_>`.
    carries: PhantomData<fn() -> (A, R)>,
}

impl<A, R> Requester<A, R> {
    /// A handle on the requester of this name. The service declares it with `Models::requester`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, carries: PhantomData }
    }

    /// The name of the connection.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<A, R> Clone for Requester<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Requester<A, R> {}

impl<A, R> fmt::Debug for Requester<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Requester").field(&self.name).finish()
    }
}
