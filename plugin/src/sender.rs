//! Sends from threads of the author's own.
//!
//! Owns no thread and no queue: a send waits its turn in the service's order, and the host keeps that order.

use std::fmt;
use std::sync::Arc;

use service_framework_model::dynamic::Arena;
use service_framework_model::value::Value;

use crate::destination::Destination;
use crate::error::Result;
use crate::host::SenderHandle;
use crate::outbound::Outbound;

/// Sends to the `out` connections of a service from any thread, as its [`Context`](crate::Context) does from its own.
///
/// A send joins the order of the service and blocks its thread until it is done: for a request, until the reply is
/// there. Clones are cheap and send through the same service.
///
/// On the service's own thread, inside one of its functions, it would wait for itself: the host refuses it with an error
/// there, and the [`Context`](crate::Context) at hand is what sends.
///
/// ```
/// use service_framework::prelude::*;
/// # #[derive(Model)] pub struct Tick { price: Decimal }
/// # const DESK: Requester<Tick, ()> = Requester::new("desk");
/// # struct Feed;
/// # fn next_tick() -> Tick { Tick { price: Decimal::ONE } }
///
/// # impl Feed {
/// fn init(&mut self, ctx: &mut Context) -> Result<()> {
///     let sender = ctx.sender()?;
///     std::thread::spawn(move || {
///         while !sender.should_stop() {
///             if let Err(error) = sender.send(&DESK, &next_tick()) {
///                 warn!("a tick was lost: {error}");
///             }
///         }
///     });
///     Ok(())
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    handle: SenderHandle,
    outbound: Arc<Outbound>,
}

impl Sender {
    pub(crate) fn new(handle: SenderHandle, outbound: Arc<Outbound>) -> Self {
        Self(Arc::new(Inner { handle, outbound }))
    }

    /// Sends, and blocks the thread until what comes back is there.
    ///
    /// # Errors
    /// As for [`Context::send`](crate::Context::send); with the kind
    /// [`ErrorKind::Stopping`](crate::ErrorKind::Stopping) once the service is stopping or has ended. On the service's
    /// own thread, always.
    pub fn send<D: Destination + ?Sized>(&self, to: &D, arguments: &D::Arguments) -> Result<D::Returns> {
        let Inner { handle, outbound } = &*self.0;
        outbound.send(to, arguments, handle, &Arena::new())
    }

    /// Sends a map of arguments, whose model is known only at run time, and returns what comes back as a map.
    ///
    /// # Errors
    /// As for [`Sender::send`]; also if `name` is not declared, or `arguments` has a key that the model does not have.
    pub fn send_value(&self, name: &str, arguments: &Value) -> Result<Value> {
        let Inner { handle, outbound } = &*self.0;
        outbound.send_value(name, arguments, handle, &Arena::new())
    }

    /// Whether the service has been asked to stop, or has ended.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.0.handle.should_stop()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
