//! A service under test: messages are delivered to it, what it sends is looked at, and its time is the test's.
//!
//! Owns the order of things between a test and a service. Everything that a message meets is what it meets in
//! production (the dispatcher, the wiring, validation, encoding, timers, the service's own code, also in a library of
//! its own); only the sockets and the clock are the test's.

mod answer;
mod builder;
mod error;
mod message;
mod port;
mod sent;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_connections::registry::{self, SocketRole};
use service_framework_model::nearest::suggestion;
use service_framework_model::schema::{ConnectionModel, ServiceModel, Side};
use service_framework_model::value::Value;
use service_framework_plugin::{Model, OwnedModel, Result, ServiceDefinition, Stats};

pub use self::answer::Answer;
pub use self::builder::TestServiceBuilder;
pub use self::error::{Refused, TestError};
pub use self::sent::Sent;

use self::answer::{Script, script, typed_script};
use self::message::Part;
use self::port::TestPort;
use crate::control::{StopReason, later};
use crate::dispatch::Dispatcher;
use crate::io::postbox;
use crate::life::{self, Blueprint};
use crate::running::{Mode, RunError, StartError, Stopper};

/// How much of its time a `main` may take for which no stop is set.
const LONGEST_MAIN: Duration = Duration::from_secs(24 * 3600);
/// How often timers without a delay may set each other at one time before the test is told that time stands still.
const MOST_ROUNDS: usize = 10_000;
/// Who the messages come from.
const PEER: Bytes = Bytes::from_static(b"test");

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
    ended: Option<std::result::Result<(), RunError>>,
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
    ) -> std::result::Result<Self, TestError> {
        let logs = blueprint.sinks.enter(&blueprint.name);
        let (postbox, posts) = postbox();
        let mut dispatcher = life::dispatcher(&blueprint, postbox)?;
        let targets = dispatcher.make_targets().map_err(|failure| StartError::New(failure.to_string()))?;
        let executor = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let began = Instant::now();
        let port = TestPort {
            wiring: Arc::clone(&blueprint.sockets.wiring),
            control: Arc::clone(&blueprint.sockets.control),
            connections: model.connections.clone(),
            sinks: blueprint.sinks.clone(),
            name: blueprint.name.clone(),
            stop_timeout: blueprint.options.stop_timeout,
            executor: executor.map_err(StartError::Thread)?,
            posts,
            posts_taken: 0,
            began,
            now: began,
            stop: None,
            scripts: std::collections::HashMap::new(),
            targets: targets.into_iter().map(|(place, _, targets)| (place, targets)).collect(),
            sent: Vec::new(),
            problem: None,
        };
        let (workflow_id, out) = (Value::Nil, Vec::new());
        let mut service = Self { port, dispatcher, blueprint, model, workflow_id, out, ended: None, failed: None };
        for (connection, script) in scripts {
            service.set_script(&connection, script)?;
        }
        let begun = life::init(&service.blueprint, &mut service.dispatcher, &mut service.port);
        service.told_well()?;
        begun?;
        service.settle()?;
        drop(logs);
        Ok(service)
    }

    /// The message that is delivered next carries this workflow id; without, a message carries none.
    pub fn with_workflow_id(&mut self, id: impl Into<Value>) -> &mut Self {
        self.workflow_id = id.into();
        self
    }

    /// Delivers a message to the `in` connection of this name and returns what its peer gets back: `arguments` in the
    /// form of config files, the return arguments likewise. Constraints of the model, such as a range, are left to the
    /// service to refuse. Timers that are due when the function has returned run too.
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
    pub fn deliver(&mut self, connection: &str, arguments: Json) -> std::result::Result<Json, TestError> {
        let (_, ConnectionModel { arguments: record, peers, .. }) = self.inbound(connection)?;
        let body = message::from_json(Part::Arguments, (connection, record, *peers), &arguments, &self.workflow_id)?;
        let answer = self.deliver_body(connection, body)?;
        answer.map_or(Ok(Json::Null), |answer| message::returned_json(connection, &answer))
    }

    /// Delivers a model of Rust and returns one, as [`TestService::deliver`].
    ///
    /// # Errors
    /// As [`TestService::deliver`]; also if what comes back is no `R`.
    pub fn deliver_as<A: Model, R: OwnedModel>(
        &mut self,
        connection: &str,
        arguments: &A,
    ) -> std::result::Result<R, TestError> {
        let (_, ConnectionModel { peers, .. }) = self.inbound(connection)?;
        let body = message::from_model(Part::Arguments, (connection, *peers), arguments, &self.workflow_id)?;
        match self.deliver_body(connection, body)? {
            Some(answer) => message::returned_model(connection, &answer),
            None => Err(TestError::Test(format!("nothing comes back over `{connection}`"))),
        }
    }

    /// Delivers arguments that need not fit the model, such as those of a peer of another version.
    ///
    /// # Errors
    /// As [`TestService::deliver`]; whatever the arguments are, the service is the one who refuses them.
    pub fn deliver_value(&mut self, connection: &str, arguments: &Value) -> std::result::Result<Json, TestError> {
        self.inbound(connection)?;
        let body = message::from_value(Part::Arguments, arguments, &self.workflow_id);
        let answer = self.deliver_body(connection, body)?;
        answer.map_or(Ok(Json::Null), |answer| message::returned_json(connection, &answer))
    }

    /// Delivers a whole message as bytes, whatever they are, and returns the bytes of the answer; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`TestError::Test`] if there is no such connection, or if a script went wrong.
    pub fn deliver_bytes(
        &mut self,
        connection: &str,
        message: impl Into<Bytes>,
    ) -> std::result::Result<Option<Bytes>, TestError> {
        self.deliver_body(connection, message.into())
    }

    fn deliver_body(&mut self, connection: &str, body: Bytes) -> std::result::Result<Option<Bytes>, TestError> {
        let (place, model) = self.inbound(connection)?;
        let socket = registry::find(&model.connection_type).and_then(registry::ConnectionType::socket);
        let framed = [PEER, Bytes::new(), body];
        let frames = match socket {
            Some(SocketRole::Router) => &framed[..],
            Some(SocketRole::Dealer) | None => framed.get(2..).unwrap_or_default(),
        };
        self.workflow_id = Value::Nil;
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        self.port.take_waiting_posts();
        let is_answered = if self.dispatcher.is_stopping() {
            self.dispatcher.turn_away(place, frames, &mut self.out).is_some()
        } else {
            let handled = self.dispatcher.handle(place, frames, &mut self.port, &mut self.out);
            if let Some(failure) = handled.stop {
                self.fail(RunError::Function(failure.to_string()));
            }
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
        Ok(answer)
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
    ) -> std::result::Result<(), TestError> {
        self.set_script(connection, script(answer))
    }

    /// The same with models of Rust.
    ///
    /// # Errors
    /// As [`TestService::answer`]. Models that are not those of the connection are told where a request meets them.
    pub fn answer_as<A, R>(
        &mut self,
        connection: &str,
        answer: impl FnMut(A) -> Result<R> + 'static,
    ) -> std::result::Result<(), TestError>
    where
        A: OwnedModel,
        R: Model,
    {
        self.set_script(connection, typed_script(answer))
    }

    fn set_script(&mut self, connection: &str, script: Script) -> std::result::Result<(), TestError> {
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

    /// Lets time go by: the timers that are due run in the order of their times, each at its own. A function that waits
    /// longer than there is left takes the time with it.
    ///
    /// # Errors
    /// If the service ends otherwise than by stopping, if a script went wrong, or if timers without a delay set each
    /// other again and again, so that time cannot go on.
    pub fn advance(&mut self, duration: Duration) -> std::result::Result<(), TestError> {
        let until = later(self.port.now, duration);
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        let mut ended = Ok(());
        loop {
            self.settle()?;
            if self.dispatcher.is_stopping() {
                ended = self.end();
            }
            let next = self.dispatcher.next_timer().filter(|_| !self.dispatcher.is_stopping());
            let next = next.filter(|next| *next <= until);
            let reached = self.port.pass(next.unwrap_or(until), !self.dispatcher.is_stopping());
            if reached && next.is_none() {
                break;
            }
        }
        self.told_well()?;
        ended
    }

    /// How much time has gone by for the service since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.port.elapsed()
    }

    /// Runs `main` until it returns, and then the function of the signal, if one came. Where no stop is set
    /// ([`TestService::stop_after`]), `main` has a day of its time to return. A `main` that neither waits nor sends, and
    /// only asks whether it should stop, lets no time go by: only a [`TestService::stopper`] on another thread stops it.
    ///
    /// # Errors
    /// If `main` or the function of the signal fails; [`TestError::Test`] if `main` did not return within its day, if
    /// the service was not started with [`TestServiceBuilder::start_as_main`], or if it has run already.
    pub fn run_main(&mut self) -> std::result::Result<(), TestError> {
        if self.blueprint.mode != Mode::Main {
            return Err(TestError::Test("the service was started for its loop: start it with `start_as_main`".into()));
        }
        if self.ended.is_some() {
            return Err(TestError::Test("`main` has run already: start the service once more".into()));
        }
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        let is_bounded = self.port.stop.is_some() || self.dispatcher.is_stopping();
        if !is_bounded {
            self.port.stop = Some((later(self.port.now, LONGEST_MAIN), StopReason::Requested));
        }
        let control = Arc::clone(&self.port.control);
        let led = life::lead(&mut self.dispatcher, &mut self.port, &control);
        let ran_out = !is_bounded && self.port.stop.take().is_none();
        self.failed = led.err();
        let ended = self.finish();
        self.told_well()?;
        if ran_out {
            let message = "`main` did not return within a day of its time: say with `stop_after` when it is to stop";
            return Err(TestError::Test(message.into()));
        }
        ended
    }

    /// Stops the service: what is delivered from now on is turned away. Before [`TestService::run_main`] it is asked to
    /// stop, as a signal would that comes that early.
    ///
    /// # Errors
    /// What the service ended with otherwise than by stopping.
    pub fn stop(&mut self) -> std::result::Result<(), TestError> {
        self.signal(StopReason::Requested)
    }

    /// The same for a signal: the service's function for it runs, between messages, and may send and wait.
    ///
    /// # Errors
    /// As [`TestService::stop`]; also if that function fails.
    pub fn signal(&mut self, reason: StopReason) -> std::result::Result<(), TestError> {
        self.port.stop(reason);
        let ended = self.end();
        self.told_well()?;
        ended
    }

    /// Has the service stopped, for this reason, when this much more of its time has gone by: in the middle of
    /// whatever waits then.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # use service_framework::StopReason;
    /// # use service_framework::testing::{TestError, TestService};
    /// # struct Clock;
    /// # impl ServiceDefinition for Clock {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(m: &mut Models<Self>) { m.main(Self::tick); }
    /// # }
    /// impl Clock {
    ///     fn tick(&mut self, ctx: &mut Context) -> Result<()> {
    ///         loop {
    ///             ctx.wait(Duration::from_secs(60))?;
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> std::result::Result<(), TestError> {
    /// let mut clock = TestService::of::<Clock>().start_as_main()?;
    /// clock.stop_after(Duration::from_secs(90), StopReason::Sigterm);
    /// clock.run_main()?;
    /// assert_eq!(clock.elapsed(), Duration::from_secs(90));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop_after(&mut self, duration: Duration, reason: StopReason) {
        self.port.stop = Some((later(self.port.now, duration), reason));
    }

    /// A handle that stops the service from another thread, in real time.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.port.control), self.port.stop_timeout)
    }

    /// What happened to the messages of each connection so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.port.wiring.stats()
    }

    /// Answers what threads of the author's own send through a [`Sender`](service_framework_plugin::Sender), until there
    /// were this many messages since this was last asked; returns how many there were. Every other call of the kit
    /// answers those that wait too, and they are counted here, but it waits for none. Such a send takes none of the
    /// service's time, whatever the script says.
    ///
    /// # Errors
    /// If there were fewer before `patience`, which is real time, ended; or if a script went wrong.
    pub fn take_posts(&mut self, at_least: usize, patience: Duration) -> std::result::Result<usize, TestError> {
        let taken = self.port.take_posts(at_least, patience);
        self.told_well()?;
        if taken < at_least {
            let message = format!("waited {patience:?} for {at_least} sends of the service's threads, and saw {taken}");
            return Err(TestError::Test(message));
        }
        Ok(taken)
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

    fn inbound(&self, name: &str) -> std::result::Result<(usize, &ConnectionModel), TestError> {
        self.find(Side::In, name)
    }

    fn find(&self, side: Side, name: &str) -> std::result::Result<(usize, &ConnectionModel), TestError> {
        let connections = &self.model.connections;
        let found = self.model.connection(side, name).and_then(|place| Some((place, connections.get(place)?)));
        found.ok_or_else(|| {
            let names = connections.iter().filter(|connection| connection.side == side);
            let help = suggestion(name, names.map(|connection| connection.name.as_str()));
            let help = help.map_or_else(String::new, |help| format!("; {help}"));
            TestError::Test(format!("the service has no `{}` connection `{name}`{help}", side.word()))
        })
    }

    /// Runs what is due without time going by.
    fn settle(&mut self) -> std::result::Result<(), TestError> {
        self.port.take_waiting_posts();
        for _ in 0..MOST_ROUNDS {
            let is_due = self.dispatcher.next_timer().is_some_and(|due| due <= self.port.now);
            if !is_due || self.dispatcher.is_stopping() {
                return Ok(());
            }
            if let Err(failure) = self.dispatcher.run_timers(&mut self.port) {
                let failed = life::unless_stopping(failure, &self.port.control);
                if let Err(failure) = failed {
                    self.fail(RunError::Function(failure.to_string()));
                }
            }
        }
        let message = format!("timers without a delay set each other {MOST_ROUNDS} times over: time stands still");
        Err(TestError::Test(message))
    }

    /// The service stops on a failure.
    fn fail(&mut self, error: RunError) {
        self.failed.get_or_insert(error);
        self.port.stop(StopReason::Requested);
    }

    /// What a script did wrong is told before anything that came of it.
    fn told_well(&mut self) -> std::result::Result<(), TestError> {
        self.port.problem.take().map_or(Ok(()), Err)
    }

    /// Ends a service that stops, unless it is for `main` to return first.
    fn end(&mut self) -> std::result::Result<(), TestError> {
        if self.blueprint.mode == Mode::Main && self.ended.is_none() {
            return Ok(());
        }
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        self.finish()
    }

    /// Runs the function of the signal, once, and says how the service ended.
    fn finish(&mut self) -> std::result::Result<(), TestError> {
        if self.ended.is_none() {
            let control = Arc::clone(&self.port.control);
            let signalled = life::on_signal(&self.blueprint, &mut self.dispatcher, &mut self.port, &control);
            self.ended = Some(self.failed.take().map_or(signalled, Err));
            self.port.stop(StopReason::Requested);
            self.port.take_waiting_posts();
        }
        self.ended.clone().unwrap_or(Ok(())).map_err(TestError::Run)
    }
}

impl Drop for TestService {
    /// Threads of the author's own learn that the service is gone.
    fn drop(&mut self) {
        self.port.stop(StopReason::Requested);
        self.port.close();
    }
}
