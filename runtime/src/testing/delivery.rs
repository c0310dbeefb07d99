//! A message's way into a service under test, and what its peer gets back.
//!
//! Owns the frames around a message, as a socket would hand them over. What they mean is the dispatcher's.

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_connections::intake::Settings;
use service_framework_connections::registry::{self, SocketRole};
use service_framework_model::schema::ConnectionModel;
use service_framework_model::value::Value;
use service_framework_plugin::{Model, OwnedModel};

use super::message::{self, Part};
use super::{TestError, TestService};
use crate::running::RunError;

/// Who the messages come from.
const PEER: Bytes = Bytes::from_static(b"test");

impl TestService {
    /// The message that is delivered next carries this workflow id; without, a message carries none.
    pub fn with_workflow_id(&mut self, id: impl Into<Value>) -> &mut Self {
        self.workflow_id = id.into();
        self
    }

    /// Delivers a message to the `in` connection of this name and returns what its peer gets back: `arguments` in the
    /// form of config files, the return arguments likewise. Constraints of the model, such as a range, are left to the
    /// service to refuse. Timers that are due when the function has returned run too.
    ///
    /// Over a subscriber nothing comes back, and that is null. A message that it refuses, or whose function fails, is an
    /// error here, although in production its publisher is told of none.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # use service_framework::json;
    /// # use service_framework::testing::{TestError, TestService};
    /// # #[derive(Model)] struct Order { #[model(min = 1)] quantity: i64 }
    /// # struct Desk;
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(m: &mut Models<Self>) { m.replyer("order", Self::on_order); }
    /// # }
    /// # impl Desk { fn on_order(&mut self, order: Order, _: &mut Context) -> Result<Order> { Ok(order) } }
    /// # fn main() -> std::result::Result<(), TestError> {
    /// let mut desk = TestService::of::<Desk>().start()?;
    /// assert_eq!(desk.deliver("order", json!({"quantity": 3}))?, json!({"quantity": 3}));
    ///
    /// let refused = desk.deliver("order", json!({"quantity": 0})).unwrap_err();
    /// assert_eq!(refused.code(), "out_of_range");
    /// assert_eq!(refused.refused().unwrap().field.as_deref(), Some("quantity"));
    ///
    /// let slip = desk.deliver("order", json!({"quantty": 3})).unwrap_err();
    /// assert!(slip.to_string().contains("did you mean `quantity`?"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TestError::Refused`] with what the peer is told, if the service answers with an error. [`TestError::Test`] if
    /// there is no such connection, if the names or types of `arguments` are not those of the model, or if a script
    /// went wrong.
    pub fn deliver(&mut self, connection: &str, arguments: Json) -> Result<Json, TestError> {
        let (place, ConnectionModel { arguments: record, peers, .. }) = self.inbound(connection)?;
        let body = message::from_json(Part::Arguments, (connection, record, *peers), &arguments, &self.workflow_id)?;
        let answer = self.deliver_body(connection, self.behind_topic(place, body))?;
        answer.map_or(Ok(Json::Null), |answer| message::returned_json(connection, &answer))
    }

    /// Delivers a model of Rust and returns one, as [`TestService::deliver`].
    ///
    /// # Errors
    /// As [`TestService::deliver`]; also if what comes back is no `R`.
    pub fn deliver_as<A: Model, R: OwnedModel>(&mut self, connection: &str, arguments: &A) -> Result<R, TestError> {
        let (place, ConnectionModel { peers, .. }) = self.inbound(connection)?;
        let body = message::from_model(Part::Arguments, (connection, *peers), arguments, &self.workflow_id)?;
        match self.deliver_body(connection, self.behind_topic(place, body))? {
            Some(answer) => message::returned_model(connection, &answer),
            // Over a subscriber nothing comes back, which is what `()` is.
            None => R::from_slots(&[]).map_err(|_| TestError::Test(format!("nothing comes back over `{connection}`"))),
        }
    }

    /// Delivers arguments that need not fit the model, such as those of a peer of another version.
    ///
    /// # Errors
    /// As [`TestService::deliver`]; whatever the arguments are, the service is the one who refuses them.
    pub fn deliver_value(&mut self, connection: &str, arguments: &Value) -> Result<Json, TestError> {
        let (place, _) = self.inbound(connection)?;
        let body = message::from_value(Part::Arguments, arguments, &self.workflow_id);
        let answer = self.deliver_body(connection, self.behind_topic(place, body))?;
        answer.map_or(Ok(Json::Null), |answer| message::returned_json(connection, &answer))
    }

    /// Delivers a whole message as bytes, its topic included, whatever they are, and returns the bytes of the answer; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`TestError::Test`] if there is no such connection, or if a script went wrong.
    pub fn deliver_bytes(&mut self, connection: &str, message: impl Into<Bytes>) -> Result<Option<Bytes>, TestError> {
        self.deliver_body(connection, message.into())
    }

    /// A message behind the topic of its subscriber, if it is for one that has a topic.
    fn behind_topic(&self, place: usize, message: Bytes) -> Bytes {
        let topic = self.port.wiring.inbound(place).and_then(|(_, inbound, _)| inbound.intake()).map(Settings::prefix);
        match topic {
            None | Some([]) => message,
            Some(topic) => [topic, &message].concat().into(),
        }
    }

    fn deliver_body(&mut self, connection: &str, body: Bytes) -> Result<Option<Bytes>, TestError> {
        let (place, model) = self.inbound(connection)?;
        let socket = registry::find(&model.connection_type).and_then(registry::ConnectionType::socket);
        let framed = [PEER, Bytes::new(), body];
        let frames = match socket {
            Some(SocketRole::Router) => &framed[..],
            Some(SocketRole::Dealer | SocketRole::Publisher | SocketRole::Subscriber) | None => {
                framed.get(2..).unwrap_or_default()
            }
        };
        self.workflow_id = Value::Nil;
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        self.port.take_waiting_posts();
        let mut untold = None;
        let is_answered = if self.dispatcher.is_stopping() {
            self.dispatcher.turn_away(place, frames, &mut self.out).is_some()
        } else {
            let handled = self.dispatcher.handle(place, frames, &mut self.port, &mut self.out);
            if let Some(failure) = handled.stop {
                self.fail(RunError::Function(failure.to_string()));
            }
            untold = handled.untold;
            handled.route.is_some()
        };
        let answer = is_answered.then(|| Bytes::copy_from_slice(&self.out));
        if let Some(counters) = self.port.wiring.counters(place).filter(|_| is_answered) {
            counters.sent();
        }
        self.settle()?;
        if self.dispatcher.is_stopping() {
            // How it ended is what `stop` says; here the answer counts.
            let _ = self.end();
        }
        self.told_well()?;
        untold.map_or(Ok(answer), |told| Err(TestError::Refused((*told).into())))
    }

    /// The place of a connection, by which frames are handed to it.
    #[doc(hidden)]
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.model.connections.iter().position(|connection| connection.name == name)
    }

    /// Handles the frames of one message and does nothing else: the bare path that benchmarks measure.
    #[doc(hidden)]
    pub fn handle<'f>(&mut self, place: usize, frames: &'f [Bytes]) -> Option<(&'f [Bytes], &[u8])> {
        let route = self.dispatcher.handle(place, frames, &mut self.port, &mut self.out).route?;
        Some((route, &self.out))
    }
}
