//! States on the author's side: handles on them, what their value can be, and what is done with them.
//!
//! Owns the handles. A handle is a name: it is the service that declares the state, and the host that holds its value.

mod changes;
mod declared;
mod declaring;
mod edits;
mod path;
mod settings;
mod status;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use service_framework_model::schema::{self, Side};

use crate::argument::{Argument, Key};
use crate::model::Model;

pub use changes::Changes;
pub(crate) use declared::States;
pub use edits::Edits;
pub use path::Path;
pub use settings::{Deletes, InStateSettings, OnStale, OutStateSettings};
pub use status::{Condition, StateStatus};
pub use view::StateView;

/// What the value of a state can be: a model, or a map from keys to values of one type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a state",
    label = "not the value of a state",
    note = "the value of a state is a struct with #[derive(Model)], a BTreeMap<K, V> or a HashMap<K, V>"
)]
pub trait StateValue: Argument {
    /// The value as models tell of it.
    fn value_type() -> schema::StateValue;
}

impl<M: Model> StateValue for M {
    fn value_type() -> schema::StateValue {
        schema::StateValue::Record(M::record())
    }
}

impl<K: Key, V: Argument> StateValue for BTreeMap<K, V>
where
    Self: Argument,
{
    fn value_type() -> schema::StateValue {
        schema::StateValue::map(K::KEY_TYPE, V::arg_type())
    }
}

impl<K: Key, V: Argument, H> StateValue for HashMap<K, V, H>
where
    Self: Argument,
{
    fn value_type() -> schema::StateValue {
        schema::StateValue::map(K::KEY_TYPE, V::arg_type())
    }
}

/// A handle on a state, of either side.
pub trait State: sealed::Named {
    /// What its value is.
    type Value: StateValue;
}

pub(crate) mod sealed {
    use super::Side;

    /// A handle, which knows the name of its state and which way that faces.
    pub trait Named {
        /// The side of the state.
        const SIDE: Side;

        /// The name of the state.
        fn name(&self) -> &'static str;
    }
}

/// Makes a type of handles: the name of a state, and what its value is.
macro_rules! handle {
    ($(#[$about:meta])* $handle:ident, $side:ident, declared with $declared:literal) => {
        $(#[$about])*
        pub struct $handle<T> {
            name: &'static str,
            holds: PhantomData<fn() -> T>,
        }

        impl<T> $handle<T> {
            #[doc = concat!("A handle on the state of this name. The service declares it with ", $declared, ".")]
            #[must_use]
            pub const fn new(name: &'static str) -> Self {
                Self { name, holds: PhantomData }
            }

            /// The name of the state.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<T> sealed::Named for $handle<T> {
            const SIDE: Side = Side::$side;

            fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<T: StateValue> State for $handle<T> {
            type Value = T;
        }

        impl<T> Clone for $handle<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $handle<T> {}

        impl<T> fmt::Debug for $handle<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($handle)).field(&self.name).finish()
            }
        }
    };
}

handle! {
    /// A handle on a state that this service owns. Others hold copies of it.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use service_framework::prelude::*;
    ///
    /// #[derive(Model)]
    /// pub struct Book {
    ///     bids: BTreeMap<Decimal, Decimal>,
    ///     asks: BTreeMap<Decimal, Decimal>,
    /// }
    ///
    /// const BOOK: OutState<Book> = OutState::new("book");
    ///
    /// fn on_level(price: Decimal, size: Decimal, ctx: &mut Context) -> Result<()> {
    ///     if size.is_zero() { ctx.remove(&BOOK, ("bids", price)) } else { ctx.set(&BOOK, ("bids", price), &size) }
    /// }
    /// ```
    OutState, Out, declared with "`Models::delta_update_out` or `Models::full_update_out`"
}

handle! {
    /// A handle on this service's copy of a state that another service owns.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use service_framework::prelude::*;
    ///
    /// const QUOTES: InState<BTreeMap<String, Decimal>> = InState::new("quotes");
    ///
    /// fn price(symbol: &str, ctx: &mut Context) -> Result<Option<Decimal>> {
    ///     let quotes = ctx.state(&QUOTES)?;
    ///     if !quotes.status()?.is_live() {
    ///         return Ok(None);
    ///     }
    ///     quotes.get(symbol)
    /// }
    /// ```
    InState, In, declared with "`Models::delta_update_in` or `Models::full_update_in`"
}
