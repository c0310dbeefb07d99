//! Typed handles on `out` connections: what a send through one carries and brings back is known to the compiler.
//!
//! Owns the handles and the trait that they share. A handle is a name: it is the service that has the connection.

use std::fmt;
use std::marker::PhantomData;

use crate::model::{Model, OwnedModel};

/// What [`Context::send`](crate::Context::send) and [`Sender::send`](crate::Sender::send) send to: a handle on an `out`
/// connection.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle on an out connection",
    label = "expected a handle on an out connection",
    note = "a handle is a `Requester<A, R>` or an `ExternalTarget<A, R>`, whose `A` is a model and whose `R` is a model \
            that owns its fields",
    note = "a connection that is known by its name only is sent to with `send_value`"
)]
pub trait Destination: sealed::Named {
    /// What a send carries.
    type Arguments: Model;
    /// What it brings back.
    type Returns: OwnedModel;
}

pub(crate) mod sealed {
    /// A handle, which knows the name of its connection. Only this crate makes handles.
    pub trait Named {
        /// The name of the connection.
        fn name(&self) -> &'static str;
    }
}

/// Makes a type of handles: the name of a connection, and the models of what it carries and brings back.
macro_rules! handle {
    ($(#[$about:meta])* $handle:ident, declared with $declared:literal) => {
        $(#[$about])*
        pub struct $handle<A, R> {
            name: &'static str,
            // A function that returns them: covariant, so that a handle on `Order<'static>` sends any `Order<'_>`.
            carries: PhantomData<fn() -> (A, R)>,
        }

        impl<A, R> $handle<A, R> {
            #[doc = concat!("A handle on the connection of this name. The service declares it with `Models::", $declared, "`.")]
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

        impl<A, R> sealed::Named for $handle<A, R> {
            fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<A, R> Clone for $handle<A, R> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<A, R> Copy for $handle<A, R> {}

        impl<A, R> fmt::Debug for $handle<A, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($handle)).field(&self.name).finish()
            }
        }
    };
}

handle! {
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
    Requester, declared with "requester"
}

handle! {
    /// A handle on the external target of this name: something outside, such as the client of an exchange, that takes
    /// an `A` and gives back an `R`. What is called is a [`Target`](crate::Target) that the service makes.
    ///
    /// ```
    /// use service_framework::prelude::*;
    ///
    /// #[derive(Model)]
    /// pub struct Query {
    ///     symbol: String,
    /// }
    ///
    /// #[derive(Model)]
    /// pub struct Price {
    ///     price: Decimal,
    /// }
    ///
    /// const VENUE: ExternalTarget<Query, Price> = ExternalTarget::new("venue");
    ///
    /// fn price(symbol: &str, ctx: &mut Context) -> Result<Decimal> {
    ///     let price = ctx.send(&VENUE, &Query { symbol: symbol.to_owned() })?;
    ///     Ok(price.price)
    /// }
    /// ```
    ExternalTarget, declared with "external_target"
}

// Outside of the macro, which the compiler would show with each list of what there is to send to.
impl<A: Model, R: OwnedModel> Destination for Requester<A, R> {
    type Arguments = A;
    type Returns = R;
}

impl<A: Model, R: OwnedModel> Destination for ExternalTarget<A, R> {
    type Arguments = A;
    type Returns = R;
}
