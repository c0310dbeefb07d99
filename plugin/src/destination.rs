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
    note = "a handle is a `Requester<A, R>`, an `ExternalTarget<A, R>` or a `Publisher<A>`, whose `A` is a model and whose \
            `R` is a model that owns its fields",
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
    ($(#[$about:meta])* $handle:ident<$($carried:ident),+>, declared with $declared:literal) => {
        $(#[$about])*
        pub struct $handle<$($carried),+> {
            name: &'static str,
            // A function that returns them: covariant, so that a handle on `Order<'static>` sends any `Order<'_>`.
            carries: PhantomData<fn() -> ($($carried,)+)>,
        }

        impl<$($carried),+> $handle<$($carried),+> {
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

        impl<$($carried),+> sealed::Named for $handle<$($carried),+> {
            fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<$($carried),+> Clone for $handle<$($carried),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($carried),+> Copy for $handle<$($carried),+> {}

        impl<$($carried),+> fmt::Debug for $handle<$($carried),+> {
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
    Requester<A, R>, declared with "requester"
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
    ExternalTarget<A, R>, declared with "external_target"
}

handle! {
    /// A handle on the publisher of this name, which sends an `A` to all that subscribe.
    ///
    /// ```
    /// use service_framework::prelude::*;
    ///
    /// #[derive(Model)]
    /// pub struct Trade<'a> {
    ///     symbol: &'a str,
    ///     price: Decimal,
    /// }
    ///
    /// const TRADES: Publisher<Trade<'static>> = Publisher::new("trades");
    ///
    /// fn traded(symbol: &str, price: Decimal, ctx: &mut Context) -> Result<()> {
    ///     ctx.send(&TRADES, &Trade { symbol, price })
    /// }
    /// ```
    Publisher<A>, declared with "publisher"
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

impl<A: Model> Destination for Publisher<A> {
    type Arguments = A;
    type Returns = ();
}
