//! What a function of a service can do while it runs: send, wait, and learn that it should stop.
//!
//! Owns the arena in which outgoing values are laid out. Never outlives the call that it is handed to.

use std::time::Duration;

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ConnectionModel, Record, ServiceModel, Side};
use service_framework_model::value::Value;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::{Model, OwnedModel};
use crate::requester::Requester;
use crate::untyped;

/// The way from a function of a service to its connections.
///
/// It belongs to the thread and the call that it is handed to:
///
/// ```compile_fail,E0277
/// use service_framework::prelude::*;
///
/// fn main(ctx: &mut Context) {
///     std::thread::scope(|scope| {
///         scope.spawn(|| ctx.should_stop());
///     });
/// }
/// ```
pub struct Context {
    /// Of the call in hand.
    host: Option<Host>,
    outbound: Vec<Outbound>,
    arena: Arena,
}

struct Outbound {
    place: u32,
    model: ConnectionModel,
}

impl Context {
    pub(crate) fn new(model: &ServiceModel) -> Self {
        let places = (0_u32..).zip(&model.connections).filter(|(_, connection)| connection.side == Side::Out);
        let outbound = places.map(|(place, model)| Outbound { place, model: model.clone() }).collect();
        Self { host: None, outbound, arena: Arena::new() }
    }

    /// Says where the calls of the function that is about to run go.
    pub(crate) fn enter(&mut self, host: Host) {
        self.host = Some(host);
    }

    /// Forgets where they go: the function has returned.
    pub(crate) fn leave(&mut self) {
        self.host = None;
        self.arena.reset();
    }

    fn host(&self) -> Result<Host> {
        self.host.ok_or_else(|| Error::new("there is no call of the service in progress"))
    }

    fn outbound(&self, name: &str) -> Result<&Outbound> {
        self.outbound
            .iter()
            .find(|out| out.model.name == name)
            .ok_or_else(|| Error::new(format!("the service declares no out connection `{name}`")))
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// [`Error::kind`] tells how it failed: the arguments do not fit the model (nothing was sent), nobody is there, no
    /// reply came in time, the other side refused, the reply does not fit the model, or the service is stopping.
    pub fn send<A: Model, R: OwnedModel>(&mut self, to: &Requester<A, R>, arguments: &A) -> Result<R> {
        let (host, place) = (self.host()?, self.outbound(to.name())?.place);
        let sent = arguments.with_slots(&self.arena, |slots| host.send(place, slots, |reply| R::from_slots(reply)));
        // A `main` that sends for days is one call: what each send took is given back at once.
        self.arena.reset();
        sent?.unwrap_or_else(|| R::from_slots(&[])).map_err(|refusal| Error::bad_reply(&refusal))
    }

    /// Sends a map of arguments, whose model is known only at run time, and returns the reply as a map.
    ///
    /// # Errors
    /// As for [`Context::send`]; also if `name` is not declared, or `arguments` has a key that the model does not have.
    pub fn send_value(&mut self, name: &str, arguments: &Value) -> Result<Value> {
        let (host, out) = (self.host()?, self.outbound(name)?);
        let returned = &out.model.return_arguments;
        let sent = untyped::record_slots(&out.model.arguments, arguments, &self.arena)
            .and_then(|slots| host.send(out.place, slots, |reply| untyped::value_from_record_slots(returned, reply)));
        self.arena.reset();
        Ok(sent?.unwrap_or_else(|| Value::Map(Vec::new())))
    }

    /// The workflow id of the message in hand: a UUID, text, or whatever its sender made of it. Nil if it has none, and
    /// in functions that no message called.
    #[must_use]
    pub fn workflow_id(&self) -> Value {
        let id = self.host.and_then(|host| host.workflow_id(|id| id.first().map(Value::from_view)));
        id.flatten().unwrap_or(Value::Nil)
    }

    /// Whether the service has been asked to stop. A `main` looks at it between its steps.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.host.is_none_or(|host| host.should_stop())
    }

    /// Waits.
    ///
    /// # Errors
    /// With the kind [`ErrorKind::Stopping`](crate::ErrorKind::Stopping) as soon as the service is asked to stop.
    pub fn wait(&mut self, duration: Duration) -> Result<()> {
        self.host()?.wait(duration)
    }

    /// Answers the request in hand.
    pub(crate) fn reply<R: Model>(&mut self, reply: &R) -> Result<()> {
        let host = self.host()?;
        reply.with_slots(&self.arena, |slots| host.reply(slots))
    }

    /// Answers the request in hand with a map of return arguments.
    pub(crate) fn reply_value(&mut self, record: &Record, reply: &Value) -> Result<()> {
        let host = self.host()?;
        host.reply(untyped::record_slots(record, reply, &self.arena)?)
    }
}
