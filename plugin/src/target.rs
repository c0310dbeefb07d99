//! What the calls of an external target go to: an object of the author's that reaches something outside.
//!
//! Owns the trait and the form in which a target crosses: models read from slots, the return laid out as slots. Never
//! chooses a thread, keeps no time, and holds nothing of the service: a call may outlive what asked for it.

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::Record;
use service_framework_model::slot::Slot;
use service_framework_model::value::Value;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::{Model, OwnedModel};
use crate::untyped;

/// Something outside of the service that is called with an `A` and returns an `R`: a database, the client of an
/// exchange.
///
/// It is called on a thread of the host's own, while the service goes on waiting for the return for as long as its
/// timeout says, and not longer. One object is made for each call that may be in flight, and each has one call at a
/// time: it needs no lock of its own. Every function that takes an `A`, returns a `Result<R>`, is `Send` and borrows
/// nothing is a target, too.
///
/// ```
/// use service_framework::prelude::*;
/// # #[derive(Model)] pub struct Query { symbol: String }
/// # #[derive(Model)] pub struct Price { price: Decimal }
/// # pub struct Connection;
/// # impl Connection { fn price_of(&mut self, _: &str) -> std::io::Result<Decimal> { Ok(Decimal::ONE) } }
///
/// pub struct Venue {
///     connection: Connection,
/// }
///
/// impl Target<Query, Price> for Venue {
///     fn call(&mut self, query: Query) -> Result<Price> {
///         let price = self.connection.price_of(&query.symbol)?;
///         Ok(Price { price })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target that takes `{A}` and returns `{R}`",
    label = "expected a target",
    note = "a target implements `Target<{A}, {R}>`, or is a function that takes `{A}`, returns `Result<{R}>`, is `Send` \
            and borrows nothing"
)]
pub trait Target<A, R>: Send + 'static {
    /// Calls what is outside, and blocks its thread until there is a result. The host does not interrupt it: give it a
    /// time limit of its own. With one that is a little shorter than the connection's, the sender is told in the call's
    /// own words what was slow; with a longer one, a call that was given up may still do what the next one gains from.
    ///
    /// # Errors
    /// What the sender is told, with the code and the message that are given here.
    fn call(&mut self, arguments: A) -> Result<R>;
}

impl<A, R, F> Target<A, R> for F
where
    F: FnMut(A) -> Result<R> + Send + 'static,
{
    fn call(&mut self, arguments: A) -> Result<R> {
        self(arguments)
    }
}

/// One of several kinds of target, chosen while the service runs: the real exchange, or one on paper.
impl<A: 'static, R: 'static> Target<A, R> for Box<dyn Target<A, R>> {
    fn call(&mut self, arguments: A) -> Result<R> {
        (**self).call(arguments)
    }
}

/// A target as the host calls it: from slots, answering the call in hand.
pub(crate) struct TargetObject(Box<Call>);

type Call = dyn FnMut(&[Slot<'_>], Host) -> Result<()> + Send;

/// Makes the objects of one external target out of the service.
pub(crate) type MakeTarget<S> = Box<dyn Fn(&mut S) -> Result<TargetObject> + Send>;

impl TargetObject {
    /// A target with typed arguments.
    pub(crate) fn new<A: OwnedModel, R: Model + 'static>(mut target: impl Target<A, R>) -> Self {
        let mut arena = Arena::new();
        Self(Box::new(move |slots, host| {
            let arguments = A::from_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            let returned = target.call(arguments)?;
            let answered = returned.with_slots(&arena, |slots| host.reply(slots));
            arena.reset();
            answered
        }))
    }

    /// A target whose models are known only at run time.
    pub(crate) fn untyped(reads: Record, writes: Record, mut target: impl Target<Value, Value>) -> Self {
        let mut arena = Arena::new();
        Self(Box::new(move |slots, host| {
            let returned = target.call(untyped::value_from_record_slots(&reads, slots))?;
            let answered = untyped::record_slots(&writes, &returned, &arena).and_then(|slots| host.reply(slots));
            arena.reset();
            answered
        }))
    }

    /// Runs one call, which is answered inside of it.
    pub(crate) fn call(&mut self, slots: &[Slot<'_>], host: Host) -> Result<()> {
        (self.0)(slots, host)
    }
}
