//! What a function of a service can do while it runs: send, set timers, wait, and learn that it should stop.
//!
//! Owns the arena in which outgoing values are laid out. Never reaches the host outside of the call that it is handed to.

use std::sync::Arc;
use std::time::Duration;

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{Record, ServiceModel, Side};
use service_framework_model::value::Value;

use crate::argument::Argument;
use crate::builder::Plain;
use crate::definition::ServiceDefinition;
use crate::destination::{Destination, Publisher};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::Model;
use crate::outbound::Outbound;
use crate::sender::Sender;
use crate::state::{Edits, OutState, Path, State, StateStatus, StateValue, StateView, States};
use crate::stats::Stats;
use crate::timers::{Timer, Timers};
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
    outbound: Arc<Outbound>,
    states: States,
    timers: Timers,
    arena: Arena,
}

impl Context {
    pub(crate) fn of<S: ServiceDefinition>(model: &ServiceModel) -> Self {
        let (outbound, states) = (Arc::new(Outbound::of(model)), States::of(model));
        Self { host: None, outbound, states, timers: Timers::of::<S>(), arena: Arena::new() }
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

    /// Sends to an `out` connection and returns what comes back: from a requester, the reply; from an external target,
    /// what it returned. It waits for that. Nothing comes back from a publisher, and nothing is waited for.
    ///
    /// # Errors
    /// [`Error::kind`] tells how it failed: the arguments do not fit the model (nothing was sent), nobody is there, all
    /// calls that may be in flight are taken, no reply came in time, the other side refused, the reply does not fit the
    /// model, or the service is stopping. In an embedded service also if it is called inside of an async executor
    /// (`block_on`), with the code `inside_executor`: to wait there would hold that executor up.
    pub fn send<D: Destination + ?Sized>(&mut self, to: &D, arguments: &D::Arguments) -> Result<D::Returns> {
        let host = self.host()?;
        let returned = self.outbound.send(to, arguments, &host, &self.arena);
        // A `main` that sends for days is one call: what each send took is given back at once.
        self.arena.reset();
        returned
    }

    /// Sends a map of arguments, whose model is known only at run time, and returns what comes back as a map.
    ///
    /// # Errors
    /// As for [`Context::send`]; also if `name` is not declared, or `arguments` has a key that the model does not have.
    pub fn send_value(&mut self, name: &str, arguments: &Value) -> Result<Value> {
        let host = self.host()?;
        let returned = self.outbound.send_value(name, arguments, &host, &self.arena);
        self.arena.reset();
        returned
    }

    /// A state of the service, of either side, to be read. It does not change while the function runs, unless the function
    /// changes it.
    ///
    /// # Errors
    /// If the service declares no such state.
    pub fn state<T: State>(&self, state: &T) -> Result<StateView<'_, T::Value>> {
        let place = self.states.find(T::SIDE, state.name())?.place;
        Ok(StateView::new(self.host()?, place, state.name()))
    }

    /// Puts a value into an `out` state where a path leads to, and sends what has changed.
    ///
    /// # Errors
    /// With the kind [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the state's model refuses it; nothing has changed
    /// then. Also if the service declares no such state.
    pub fn set<T: StateValue>(&mut self, state: &OutState<T>, path: impl Path, value: &impl Argument) -> Result<()> {
        self.edit(state, |edits| edits.set(path, value))
    }

    /// Removes from an `out` state what a path leads to, and sends that. Does nothing if nothing is there.
    ///
    /// # Errors
    /// As for [`Context::set`].
    pub fn remove<T: StateValue>(&mut self, state: &OutState<T>, path: impl Path) -> Result<()> {
        self.edit(state, |edits| edits.remove(path))
    }

    /// Changes an `out` state in several places at once, all or nothing, and sends what has changed as one update.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use service_framework::prelude::*;
    /// const QUOTES: OutState<BTreeMap<String, Decimal>> = OutState::new("quotes");
    ///
    /// fn roll(ctx: &mut Context) -> Result<()> {
    ///     ctx.edit(&QUOTES, |quotes| {
    ///         quotes.remove("ESZ4");
    ///         quotes.set("ESH5", &Decimal::new(604_525, 2));
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`Context::set`].
    pub fn edit<T: StateValue>(&mut self, state: &OutState<T>, edit: impl FnOnce(&mut Edits<'_>)) -> Result<()> {
        let (host, place) = (self.host()?, self.states.find(Side::Out, state.name())?.place);
        let mut edits = Edits::new(&self.arena);
        edit(&mut edits);
        let changed = host.change_state(place, edits.changes());
        self.arena.reset();
        changed
    }

    /// Makes an `out` state be this value, and sends the difference. The whole value is looked at: where one part of a
    /// large state changes, [`Context::set`] is the way.
    ///
    /// # Errors
    /// As for [`Context::set`].
    pub fn replace<T: StateValue>(&mut self, state: &OutState<T>, value: &T) -> Result<()> {
        let (host, place) = (self.host()?, self.states.find(Side::Out, state.name())?.place);
        let replaced = host.replace_state(place, &value.slot(&self.arena));
        self.arena.reset();
        replaced
    }

    /// Has a function change an `out` state as a value of Rust, and sends the difference. The whole value is read and
    /// looked at, as in [`Context::replace`].
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// #[derive(Model)]
    /// pub struct Totals {
    ///     orders: u64,
    ///     notional: Decimal,
    /// }
    ///
    /// const TOTALS: OutState<Totals> = OutState::new("totals");
    ///
    /// fn count(notional: Decimal, ctx: &mut Context) -> Result<()> {
    ///     ctx.modify(&TOTALS, |totals| {
    ///         totals.orders += 1;
    ///         totals.notional += notional;
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`Context::set`].
    pub fn modify<T>(&mut self, state: &OutState<T>, modify: impl FnOnce(&mut T)) -> Result<()>
    where
        T: StateValue + for<'a> Argument<Of<'a> = T>,
    {
        let mut value = self.state(state)?.value()?;
        modify(&mut value);
        self.replace(state, &value)
    }

    /// The whole value of a state of either side whose model is known only at run time.
    ///
    /// # Errors
    /// As for [`StateView::read`].
    pub fn state_value(&self, side: Side, name: &str) -> Result<Value> {
        self.states.value(side, name, self.host()?)
    }

    /// How good a state is whose model is known only at run time.
    ///
    /// # Errors
    /// If the service declares no such state.
    pub fn state_status(&self, side: Side, name: &str) -> Result<StateStatus> {
        let place = self.states.find(side, name)?.place;
        self.host()?.state_status(place).map(StateStatus::from_abi)
    }

    /// Changes an `out` state whose model is known only at run time: each key of the map is put in place of what is there,
    /// nil removes it, and where the state is merged deep, maps inside are gone through likewise.
    ///
    /// # Errors
    /// As for [`Context::set`]; also if `changes` is no map.
    pub fn edit_value(&mut self, name: &str, changes: &Value) -> Result<()> {
        let host = self.host()?;
        let changed = self.states.edit(name, changes, host, &self.arena);
        self.arena.reset();
        changed
    }

    /// Makes an `out` state whose model is known only at run time be this value, and sends the difference.
    ///
    /// # Errors
    /// As for [`Context::set`].
    pub fn replace_value(&mut self, name: &str, value: &Value) -> Result<()> {
        let (host, place) = (self.host()?, self.states.find(Side::Out, name)?.place);
        let replaced = host.replace_state(place, &value.to_slot(&self.arena));
        self.arena.reset();
        replaced
    }

    /// A handle by which threads of the author's own send. It outlives the call, and the service: once that is stopping,
    /// there still is a handle, and what it sends fails.
    ///
    /// # Errors
    /// If the host cannot make one.
    pub fn sender(&mut self) -> Result<Sender> {
        Ok(Sender::new(self.host()?.sender()?, Arc::clone(&self.outbound)))
    }

    /// Lets what was sent leave now, instead of when the function returns or sends again: for a function that goes on
    /// computing.
    ///
    /// # Errors
    /// If the host cannot, and inside of an async executor as for [`Context::send`].
    pub fn flush(&mut self) -> Result<()> {
        self.host()?.flush()
    }

    /// What happened to the messages of each connection so far.
    ///
    /// # Errors
    /// If the host cannot say.
    pub fn stats(&self) -> Result<Stats> {
        Stats::from_json(&self.host()?.stats()?)
    }

    /// Calls a function of the service again and again, first when one period has passed. It is called between
    /// messages, as all functions are: where one takes long, the next call is late, and those that were missed meanwhile
    /// are not made up for.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # struct Desk;
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(_: &mut Models<Self>) {}
    /// # }
    /// impl Desk {
    ///     fn init(&mut self, ctx: &mut Context) -> Result<()> {
    ///         ctx.every(Duration::from_secs(1), Self::tick)?;
    ///         Ok(())
    ///     }
    ///
    ///     fn tick(&mut self, ctx: &mut Context) -> Result<()> {
    ///         info!("{} connections", ctx.stats()?.inbound.len());
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// If the period is zero, in main mode, which has no loop that could call, or if `function` is of another service
    /// than the one that runs.
    pub fn every<S: ServiceDefinition>(
        &mut self,
        period: Duration,
        function: fn(&mut S, &mut Context) -> Result<()>,
    ) -> Result<Timer> {
        if period.is_zero() {
            let problem = "the period of a timer is zero, and it would ring without a pause: give it a longer one";
            return Err(Error::new(problem).with_field("period"));
        }
        self.set_timer(function, period, Some(period))
    }

    /// Calls a function of the service once, when the delay has passed; with no delay, after the function in hand.
    ///
    /// # Errors
    /// As for [`Context::every`], but for the period.
    pub fn after<S: ServiceDefinition>(
        &mut self,
        delay: Duration,
        function: fn(&mut S, &mut Context) -> Result<()>,
    ) -> Result<Timer> {
        self.set_timer(function, delay, None)
    }

    fn set_timer<S: ServiceDefinition>(
        &mut self,
        function: Plain<S>,
        first: Duration,
        period: Option<Duration>,
    ) -> Result<Timer> {
        let host = self.host()?;
        let (timer, number) = self.timers.add(function, period.is_some())?;
        host.set_timer(number, first, period).inspect_err(|_| self.timers.remove(number))?;
        Ok(timer)
    }

    /// Lets a timer be. One that has rung for the last time or was cancelled before is none the worse for it.
    ///
    /// # Errors
    /// If the host cannot.
    pub fn cancel(&mut self, timer: Timer) -> Result<()> {
        let host = self.host()?;
        if let Some(number) = self.timers.number(timer) {
            host.cancel_timer(number)?;
            self.timers.remove(number);
        }
        Ok(())
    }

    /// The function of the timer whose time has come.
    pub(crate) fn ring<S: ServiceDefinition>(&mut self, timer: u32) -> Result<Plain<S>> {
        self.timers.ring(timer)
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
    /// With the kind [`ErrorKind::Stopping`](crate::ErrorKind::Stopping) as soon as the service is asked to stop; inside
    /// of an async executor as for [`Context::send`].
    pub fn wait(&mut self, duration: Duration) -> Result<()> {
        self.host()?.wait(duration)
    }

    /// Waits until a publisher has this many subscribers. What it sends before they are there reaches nobody: ZeroMQ
    /// keeps no message for who comes later.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Ack { sequence: i64 }
    /// # struct Desk;
    /// const ACKS: Publisher<Ack> = Publisher::new("acks");
    ///
    /// # impl Desk {
    /// fn main(&mut self, ctx: &mut Context) -> Result<()> {
    ///     ctx.wait_for_subscribers(&ACKS, 1, Duration::from_secs(10))?;
    ///     ctx.send(&ACKS, &Ack { sequence: 1 })
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// With the kind [`ErrorKind::NoPeer`](crate::ErrorKind::NoPeer) if they are not there when `patience` ends; with
    /// [`ErrorKind::Stopping`](crate::ErrorKind::Stopping) as soon as the service is asked to stop; inside of an async
    /// executor as for [`Context::send`].
    pub fn wait_for_subscribers<A>(&mut self, of: &Publisher<A>, count: u32, patience: Duration) -> Result<()> {
        self.host()?.wait_for_subscribers(self.outbound.place(of.name())?, count, patience)
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
