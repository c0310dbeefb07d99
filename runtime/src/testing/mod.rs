//! A service under test: messages are delivered to it, what it sends is looked at, and its time is the test's.
//!
//! Owns the order of things between a test and a service. Everything that a message meets is what it meets in
//! production (the dispatcher, the wiring, validation, encoding, timers, the service's own code, also in a library of
//! its own); only the sockets and the clock are the test's.

mod answer;
mod builder;
mod delivery;
mod error;
mod message;
mod port;
mod sent;
mod states;
mod time;

use std::path::PathBuf;

use serde_json::Value as Json;
use service_framework_model::nearest::suggestion;
use service_framework_model::schema::{ConnectionModel, ServiceModel, Side};
use service_framework_model::value::Value;
use service_framework_plugin::{Model, OwnedModel, ServiceDefinition, Stats};

pub use self::answer::Answer;
pub use self::builder::TestServiceBuilder;
pub use self::error::{Refused, TestError};
pub use self::sent::Sent;

use self::answer::{Script, script, typed_script};
use self::port::TestPort;
use crate::control::StopReason;
use crate::dispatch::Dispatcher;
use crate::io::postbox;
use crate::life::{self, Blueprint};
use crate::running::{RunError, StartError};

/// A service under test, without sockets and with a clock of its own.
///
/// It belongs to the thread of the test: everything that the service does, it does inside of a call of the test. Time
/// goes on where the service waits ([`Context::wait`](service_framework_plugin::Context::wait), a request that is
/// answered late or never) and where the test says so ([`TestService::advance`]); nothing ever sleeps.
///
/// ```
/// use service_framework::json;
/// use service_framework::prelude::*;
/// use service_framework::testing::{TestError, TestService};
///
/// #[derive(Model)]
/// struct Order { symbol: String, quantity: Decimal }
/// #[derive(Model)]
/// struct Price { price: Decimal }
/// #[derive(Model)]
/// struct Ack { notional: Decimal }
///
/// const VENUE: Requester<Order, Price> = Requester::new("venue");
/// struct Desk;
///
/// impl ServiceDefinition for Desk {
///     type Config = ();
///     fn new(_: ()) -> Result<Self> { Ok(Self) }
///     fn models(m: &mut Models<Self>) {
///         m.replyer("order", Self::on_order);
///         m.requester(&VENUE);
///     }
/// }
///
/// impl Desk {
///     fn on_order(&mut self, order: Order, ctx: &mut Context) -> Result<Ack> {
///         let quantity = order.quantity;
///         let price = ctx.send(&VENUE, &order)?.price;
///         Ok(Ack { notional: price * quantity })
///     }
/// }
///
/// # fn main() -> std::result::Result<(), TestError> {
/// let mut desk = TestService::of::<Desk>().start()?;
/// desk.answer("venue", |_| json!({"price": "10.5"}))?;
/// let ack = desk.deliver("order", json!({"symbol": "BTC-USD", "quantity": "2"}))?;
/// assert_eq!(ack["notional"], "21.0");
/// assert_eq!(desk.sent()[0].arguments["symbol"], "BTC-USD");
/// # Ok(())
/// # }
/// ```
pub struct TestService {
    // Before the service, so that a thread which waits for an answer is let go before the service waits for the thread.
    port: TestPort,
    dispatcher: Dispatcher,
    blueprint: Blueprint,
    model: ServiceModel,
    /// Of the next message that is delivered.
    workflow_id: Value,
    out: Vec<u8>,
    /// How the service ended, once it has.
    ended: Option<Result<(), RunError>>,
    /// The failure on which the service stops.
    failed: Option<RunError>,
}

impl TestService {
    /// A service whose type is known to this program.
    pub fn of<T: ServiceDefinition>() -> TestServiceBuilder {
        TestServiceBuilder::of::<T>()
    }

    /// A service in a shared library.
    pub fn from_path(path: impl Into<PathBuf>) -> TestServiceBuilder {
        TestServiceBuilder::from_path(path.into())
    }

    fn start(
        model: ServiceModel,
        blueprint: Blueprint,
        scripts: Vec<(String, Script)>,
        subscribers: Vec<(String, usize)>,
    ) -> Result<Self, TestError> {
        let logs = blueprint.sinks.enter(&blueprint.name);
        let (postbox, posts) = postbox();
        let mut dispatcher = life::dispatcher(&blueprint, postbox)?;
        let targets = dispatcher.make_targets().map_err(|failure| StartError::New(failure.to_string()))?;
        let targets = targets.into_iter().map(|(place, _, targets)| (place, targets)).collect();
        let port = TestPort::new(&blueprint, model.connections.clone(), targets, posts).map_err(StartError::Thread)?;
        let (workflow_id, out) = (Value::Nil, Vec::new());
        let mut service = Self { port, dispatcher, blueprint, model, workflow_id, out, ended: None, failed: None };
        for (connection, script) in scripts {
            service.set_script(&connection, script)?;
        }
        service.dispatcher.start_copies(service.port.now);
        for (connection, count) in subscribers {
            service.subscribers(&connection, count)?;
        }
        let begun = life::init(&service.blueprint, &mut service.dispatcher, &mut service.port);
        service.told_well()?;
        begun?;
        service.settle()?;
        drop(logs);
        Ok(service)
    }

    /// Scripts the other end of an `out` connection from now on: what a requester's peer answers, or an external target
    /// instead of the service's own. The script is called for each request, with its arguments.
    ///
    /// Without a script nobody is at the other end of a requester (see [`Answer::no_peer`]), and an external target is
    /// the service's own.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # use service_framework::testing::{Answer, TestError, TestService};
    /// # use service_framework::{Error, json};
    /// # #[derive(Model)] struct Query { symbol: String }
    /// # #[derive(Model)] struct Price { price: Decimal }
    /// # const VENUE: Requester<Query, Price> = Requester::new("venue");
    /// # struct Desk;
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(m: &mut Models<Self>) { m.replyer("price", Self::on_price); m.requester(&VENUE); }
    /// # }
    /// # impl Desk { fn on_price(&mut self, query: Query, ctx: &mut Context) -> Result<Price> { ctx.send(&VENUE, &query) } }
    /// # fn main() -> std::result::Result<(), TestError> {
    /// # let mut desk = TestService::of::<Desk>().start()?;
    /// desk.answer("venue", |query| match query["symbol"].as_str() {
    ///     Some("BTC-USD") => Answer::from(json!({"price": "64000"})),
    ///     Some("SLOW") => Answer::never(),
    ///     _ => Error::caller("unknown_symbol", "there is no such symbol").into(),
    /// })?;
    /// assert_eq!(desk.deliver("price", json!({"symbol": "BTC-USD"}))?["price"], "64000");
    /// assert_eq!(desk.deliver("price", json!({"symbol": "ETH"})).unwrap_err().code(), "unknown_symbol");
    /// assert_eq!(desk.deliver("price", json!({"symbol": "SLOW"})).unwrap_err().code(), "timed_out");
    /// assert_eq!(desk.elapsed(), Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the service has no such `out` connection.
    pub fn answer<T: Into<Answer>>(
        &mut self,
        connection: &str,
        answer: impl FnMut(&Json) -> T + 'static,
    ) -> Result<(), TestError> {
        self.set_script(connection, script(answer))
    }

    /// The same with models of Rust.
    ///
    /// # Errors
    /// As [`TestService::answer`]. Models that are not those of the connection are told where a request meets them.
    pub fn answer_as<A, R>(
        &mut self,
        connection: &str,
        answer: impl FnMut(A) -> service_framework_plugin::Result<R> + 'static,
    ) -> Result<(), TestError>
    where
        A: OwnedModel,
        R: Model,
    {
        self.set_script(connection, typed_script(answer))
    }

    /// Says how many subscribers a publisher has from now on. Unless it is said, there are as many as are waited for.
    ///
    /// # Errors
    /// If the service has no such `out` connection.
    pub fn subscribers(&mut self, connection: &str, count: usize) -> Result<(), TestError> {
        let (place, _) = self.find(Side::Out, connection)?;
        self.port.subscribers.insert(place, count);
        Ok(())
    }

    fn set_script(&mut self, connection: &str, script: Script) -> Result<(), TestError> {
        let (place, _) = self.find(Side::Out, connection)?;
        self.port.scripts.insert(place, script);
        Ok(())
    }

    /// Everything that the service sent since this was last asked, in its order: what left, whether it was answered or
    /// not, and not what nobody was there to take.
    #[must_use]
    pub fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.port.sent)
    }

    /// What happened to the messages of each connection so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.port.wiring.stats()
    }

    fn inbound(&self, name: &str) -> Result<(usize, &ConnectionModel), TestError> {
        self.find(Side::In, name)
    }

    fn find(&self, side: Side, name: &str) -> Result<(usize, &ConnectionModel), TestError> {
        let connections = &self.model.connections;
        let found = self.model.connection(side, name).and_then(|place| Some((place, connections.get(place)?)));
        found.ok_or_else(|| {
            let names = connections.iter().filter(|connection| connection.side == side);
            let help = suggestion(name, names.map(|connection| connection.name.as_str()));
            let help = help.map_or_else(String::new, |help| format!("; {help}"));
            TestError::Test(format!("the service has no `{}` connection `{name}`{help}", side.word()))
        })
    }

    /// What a script did wrong is told before anything that came of it.
    fn told_well(&mut self) -> Result<(), TestError> {
        self.port.problem.take().map_or(Ok(()), Err)
    }
}

impl Drop for TestService {
    /// Threads of the author's own learn that the service is gone.
    fn drop(&mut self) {
        self.port.stop(StopReason::Requested);
        self.port.close();
    }
}
