//! What a service declares, and the functions that its declarations name.
//!
//! Owns the builder that an author fills in and the dispatch table that comes out of it. Never judges a model: the
//! host does, and reports all that is wrong at once.

use service_framework_model::schema::{ConnectionModel, Function, Record, ServiceModel, Side, StateModel};
use service_framework_model::slot::Slot;
use service_framework_model::value::Value;

use crate::Json;
use crate::context::Context;
use crate::definition::ServiceDefinition;
use crate::destination::{ExternalTarget, Publisher, Requester};
use crate::error::{Error, Result};
use crate::model::{Model, OwnedModel};
use crate::settings::{
    ExternalTargetSettings, PublisherSettings, ReplyerSettings, RequesterSettings, SubscriberSettings,
};
use crate::target::{MakeTarget, Target, TargetObject};
use crate::untyped;

/// A function of the service that takes no arguments: `init`, `main`, `on_sigint`, `on_sigterm`, those of timers.
pub(crate) type Plain<S> = fn(&mut S, &mut Context) -> Result<()>;
/// The function of an `in` connection: reads the slots, calls the author's function, answers.
pub(crate) type Handler<S> = Box<dyn Fn(&mut S, &mut Context, &[Slot<'_>]) -> Result<()> + Send>;

/// Collects what a service declares.
pub struct Models<S> {
    inbound: Vec<ConnectionModel>,
    outbound: Vec<ConnectionModel>,
    pub(crate) inbound_states: Vec<StateModel>,
    pub(crate) outbound_states: Vec<StateModel>,
    pub(crate) functions: Functions<S>,
}

/// The functions of a service, found by number.
pub(crate) struct Functions<S> {
    /// Of the `in` connections, by their places.
    pub(crate) handlers: Vec<Handler<S>>,
    /// Of the `in` states, by their places.
    pub(crate) state_handlers: Vec<Option<Handler<S>>>,
    /// What makes the targets of an external target, by its place among the `out` connections.
    targets: Vec<(usize, MakeTarget<S>)>,
    pub(crate) init: Option<Plain<S>>,
    pub(crate) main: Option<Plain<S>>,
    pub(crate) on_sigint: Option<Plain<S>>,
    pub(crate) on_sigterm: Option<Plain<S>>,
    pub(crate) setup_config: Option<fn(Json) -> Result<Json>>,
    pub(crate) setup_addresses: Option<fn(Json, Json) -> Result<Json>>,
    pub(crate) setup_connections: Option<fn(Json) -> Result<Json>>,
    pub(crate) setup_states: Option<fn(Json) -> Result<Json>>,
}

impl<S: ServiceDefinition> Models<S> {
    /// What this service declares.
    pub(crate) fn of_service() -> Self {
        let functions = Functions {
            handlers: Vec::new(),
            state_handlers: Vec::new(),
            targets: Vec::new(),
            init: None,
            main: None,
            on_sigint: None,
            on_sigterm: None,
            setup_config: None,
            setup_addresses: None,
            setup_connections: None,
            setup_states: None,
        };
        let (inbound, outbound) = (Vec::new(), Vec::new());
        let (inbound_states, outbound_states) = (Vec::new(), Vec::new());
        let mut models = Self { inbound, outbound, inbound_states, outbound_states, functions };
        S::models(&mut models);
        models
    }

    /// A replyer: `function` is called with each request, and what it returns is the reply.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Order { symbol: String }
    /// # #[derive(Model)] pub struct Ack { sequence: i64 }
    /// # struct Desk;
    /// # impl Desk { fn on_order(&mut self, _: Order, _: &mut Context) -> Result<Ack> { Ok(Ack { sequence: 1 }) } }
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.replyer("order", Self::on_order); // fn on_order(&mut self, order: Order, ctx: &mut Context) -> Result<Ack>
    /// }
    /// # }
    /// ```
    pub fn replyer<A, R>(
        &mut self,
        name: &str,
        function: fn(&mut S, A, &mut Context) -> Result<R>,
    ) -> ReplyerSettings<'_>
    where
        A: OwnedModel,
        R: Model + 'static,
    {
        self.add_replyer(name, A::record(), R::record(), move |service, context, slots| {
            let arguments = A::from_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            let reply = function(service, arguments, context)?;
            context.reply(&reply)
        })
    }

    /// A replyer whose function borrows its arguments from the message: no text and no bytes are copied. Its reply may
    /// borrow from the message too, or from the service.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # struct Desk;
    /// #[derive(Model)]
    /// pub struct Order<'a> {
    ///     symbol: &'a str,
    /// }
    ///
    /// #[derive(Model)]
    /// pub struct Ack<'a> {
    ///     symbol: &'a str,
    /// }
    ///
    /// # impl Desk {
    /// fn on_order<'a>(&mut self, order: Order<'a>, _: &mut Context) -> Result<Ack<'a>> {
    ///     Ok(Ack { symbol: order.symbol })
    /// }
    /// # }
    ///
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.replyer_borrowed::<Order, Ack>("order", Self::on_order);
    /// }
    /// # }
    /// ```
    pub fn replyer_borrowed<A, R>(
        &mut self,
        name: &str,
        function: for<'a> fn(&'a mut S, A::Of<'a>, &mut Context) -> Result<R::Of<'a>>,
    ) -> ReplyerSettings<'_>
    where
        A: Model + 'static,
        R: Model + 'static,
        for<'a> R::Of<'a>: Model,
    {
        self.add_replyer(name, A::record(), R::record(), move |service, context, slots| {
            let arguments = A::read_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            let reply = function(service, arguments, context)?;
            context.reply(&reply)
        })
    }

    /// A replyer whose models are known only at run time: its function gets and returns a [`Value::Map`] with text
    /// keys.
    pub fn replyer_untyped(
        &mut self,
        name: &str,
        arguments: Record,
        return_arguments: Record,
        function: fn(&mut S, Value, &mut Context) -> Result<Value>,
    ) -> ReplyerSettings<'_> {
        let (reads, writes) = (arguments.clone(), return_arguments.clone());
        self.add_replyer(name, arguments, return_arguments, move |service, context, slots| {
            let reply = function(service, untyped::value_from_record_slots(&reads, slots), context)?;
            context.reply_value(&writes, &reply)
        })
    }

    fn add_replyer(
        &mut self,
        name: &str,
        arguments: Record,
        return_arguments: Record,
        handler: impl Fn(&mut S, &mut Context, &[Slot<'_>]) -> Result<()> + Send + 'static,
    ) -> ReplyerSettings<'_> {
        let connection = self.add_inbound(name, "replyer", arguments, handler);
        connection.return_arguments = return_arguments;
        ReplyerSettings(connection)
    }

    /// A subscriber: `function` is called with each message.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Trade { symbol: String, price: Decimal }
    /// # struct Strategy;
    /// # impl Strategy { fn on_trade(&mut self, _: Trade, _: &mut Context) -> Result<()> { Ok(()) } }
    /// # impl ServiceDefinition for Strategy {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     // fn on_trade(&mut self, trade: Trade, ctx: &mut Context) -> Result<()>
    ///     m.subscriber("trades", Self::on_trade).topic("TRADE");
    /// }
    /// # }
    /// ```
    pub fn subscriber<A: OwnedModel>(
        &mut self,
        name: &str,
        function: fn(&mut S, A, &mut Context) -> Result<()>,
    ) -> SubscriberSettings<'_> {
        self.add_subscriber(name, A::record(), move |service, context, slots| {
            let arguments = A::from_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            function(service, arguments, context)
        })
    }

    /// A subscriber whose function borrows its arguments from the message: no text and no bytes are copied.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Default)] struct Strategy { buys: u64 }
    /// #[derive(Model)]
    /// pub struct Trade<'a> {
    ///     side: &'a str,
    /// }
    ///
    /// # impl Strategy {
    /// fn on_trade(&mut self, trade: Trade<'_>, _: &mut Context) -> Result<()> {
    ///     self.buys += u64::from(trade.side == "buy");
    ///     Ok(())
    /// }
    /// # }
    ///
    /// # impl ServiceDefinition for Strategy {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self::default()) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.subscriber_borrowed::<Trade>("trades", Self::on_trade);
    /// }
    /// # }
    /// ```
    pub fn subscriber_borrowed<A: Model + 'static>(
        &mut self,
        name: &str,
        function: for<'a> fn(&mut S, A::Of<'a>, &mut Context) -> Result<()>,
    ) -> SubscriberSettings<'_> {
        self.add_subscriber(name, A::record(), move |service, context, slots| {
            let arguments = A::read_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            function(service, arguments, context)
        })
    }

    /// A subscriber whose model is known only at run time: its function gets a [`Value::Map`] with text keys.
    pub fn subscriber_untyped(
        &mut self,
        name: &str,
        arguments: Record,
        function: fn(&mut S, Value, &mut Context) -> Result<()>,
    ) -> SubscriberSettings<'_> {
        let reads = arguments.clone();
        self.add_subscriber(name, arguments, move |service, context, slots| {
            function(service, untyped::value_from_record_slots(&reads, slots), context)
        })
    }

    fn add_subscriber(
        &mut self,
        name: &str,
        arguments: Record,
        handler: impl Fn(&mut S, &mut Context, &[Slot<'_>]) -> Result<()> + Send + 'static,
    ) -> SubscriberSettings<'_> {
        let connection = self.add_inbound(name, "subscriber", arguments, handler);
        SubscriberSettings(connection)
    }

    fn add_inbound(
        &mut self,
        name: &str,
        connection_type: &str,
        arguments: Record,
        handler: impl Fn(&mut S, &mut Context, &[Slot<'_>]) -> Result<()> + Send + 'static,
    ) -> &mut ConnectionModel {
        let mut connection = ConnectionModel::new(name, Side::In, connection_type);
        connection.required_creation_arguments.push(("function".to_owned(), name.into()));
        connection.arguments = arguments;
        self.functions.handlers.push(Box::new(handler));
        self.inbound.push_mut(connection)
    }

    /// A publisher, which [`Context::send`] uses through its handle.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Ack { sequence: i64 }
    /// # struct Desk;
    /// const ACKS: Publisher<Ack> = Publisher::new("acks");
    ///
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.publisher(&ACKS).topic("ACK");
    /// }
    /// # }
    /// ```
    pub fn publisher<A: Model>(&mut self, handle: &Publisher<A>) -> PublisherSettings<'_> {
        self.publisher_untyped(handle.name(), A::record())
    }

    /// A publisher whose model is known only at run time, which [`Context::send_value`] uses by its name.
    pub fn publisher_untyped(&mut self, name: &str, arguments: Record) -> PublisherSettings<'_> {
        let mut connection = ConnectionModel::new(name, Side::Out, "publisher");
        connection.arguments = arguments;
        PublisherSettings(self.outbound.push_mut(connection))
    }

    /// A requester, which [`Context::send`] uses through its handle.
    pub fn requester<A: Model, R: OwnedModel>(&mut self, handle: &Requester<A, R>) -> RequesterSettings<'_> {
        self.requester_untyped(handle.name(), A::record(), R::record())
    }

    /// A requester whose models are known only at run time, which [`Context::send_value`] uses by its name.
    pub fn requester_untyped(
        &mut self,
        name: &str,
        arguments: Record,
        return_arguments: Record,
    ) -> RequesterSettings<'_> {
        let mut connection = ConnectionModel::new(name, Side::Out, "requester");
        connection.arguments = arguments;
        connection.return_arguments = return_arguments;
        RequesterSettings(self.outbound.push_mut(connection))
    }

    /// An external target, which [`Context::send`] uses through its handle: something outside of the service, such as
    /// the client of an exchange or a database, called on a thread of the host's own. `make` makes the object that is
    /// called, before `init` and once for each call that may be in flight; that object cannot borrow from the service. A
    /// function that does not name its type says so with `use<>`: `-> Result<impl Target<Query, Price> + use<>>`.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Query { symbol: String }
    /// # #[derive(Model)] pub struct Price { price: Decimal }
    /// # fn ask(_: &str, _: &str) -> std::io::Result<Decimal> { Ok(Decimal::ONE) }
    /// const VENUE: ExternalTarget<Query, Price> = ExternalTarget::new("venue");
    ///
    /// pub struct Desk {
    ///     url: String,
    /// }
    ///
    /// pub struct Client {
    ///     url: String,
    /// }
    ///
    /// impl Target<Query, Price> for Client {
    ///     fn call(&mut self, query: Query) -> Result<Price> {
    ///         Ok(Price { price: ask(&self.url, &query.symbol)? })
    ///     }
    /// }
    ///
    /// impl Desk {
    ///     fn client(&mut self) -> Result<Client> {
    ///         Ok(Client { url: self.url.clone() })
    ///     }
    /// }
    ///
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self { url: String::new() }) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.external_target(&VENUE, Self::client).timeout(Duration::from_secs(2)).calls_in_flight(4);
    /// }
    /// # }
    /// ```
    pub fn external_target<A, R, T>(
        &mut self,
        handle: &ExternalTarget<A, R>,
        make: fn(&mut S) -> Result<T>,
    ) -> ExternalTargetSettings<'_>
    where
        A: OwnedModel,
        R: OwnedModel,
        T: Target<A, R>,
    {
        self.add_external_target(handle.name(), A::record(), R::record(), move |service| {
            Ok(TargetObject::new(make(service)?))
        })
    }

    /// An external target whose models are known only at run time, which [`Context::send_value`] uses by its name. Its
    /// targets get and return a [`Value::Map`] with text keys.
    pub fn external_target_untyped<T: Target<Value, Value>>(
        &mut self,
        name: &str,
        arguments: Record,
        return_arguments: Record,
        make: fn(&mut S) -> Result<T>,
    ) -> ExternalTargetSettings<'_> {
        let (reads, writes) = (arguments.clone(), return_arguments.clone());
        self.add_external_target(name, arguments, return_arguments, move |service| {
            Ok(TargetObject::untyped(reads.clone(), writes.clone(), make(service)?))
        })
    }

    fn add_external_target(
        &mut self,
        name: &str,
        arguments: Record,
        return_arguments: Record,
        make: impl Fn(&mut S) -> Result<TargetObject> + Send + 'static,
    ) -> ExternalTargetSettings<'_> {
        let mut connection = ConnectionModel::new(name, Side::Out, "external_target");
        connection.arguments = arguments;
        connection.return_arguments = return_arguments;
        self.functions.targets.push((self.outbound.len(), Box::new(make)));
        ExternalTargetSettings(self.outbound.push_mut(connection))
    }

    /// The function that runs after everything is connected, before the loop or `main`.
    pub fn init(&mut self, function: fn(&mut S, &mut Context) -> Result<()>) {
        self.functions.init = Some(function);
    }

    /// The function that drives a leading-edge service: it holds the service until it returns.
    pub fn main(&mut self, function: fn(&mut S, &mut Context) -> Result<()>) {
        self.functions.main = Some(function);
    }

    /// The function that runs once when SIGINT stops the service.
    pub fn on_sigint(&mut self, function: fn(&mut S, &mut Context) -> Result<()>) {
        self.functions.on_sigint = Some(function);
    }

    /// The function that runs once when SIGTERM stops the service.
    pub fn on_sigterm(&mut self, function: fn(&mut S, &mut Context) -> Result<()>) {
        self.functions.on_sigterm = Some(function);
    }

    /// The function that adjusts the config before it is validated: from the config as a JSON object to an object of
    /// the keys to overwrite.
    pub fn setup_config(&mut self, function: fn(Json) -> Result<Json>) {
        self.functions.setup_config = Some(function);
    }

    /// The function that adjusts the addresses before they are validated: from the config and the addresses to the
    /// addresses.
    pub fn setup_addresses(&mut self, function: fn(config: Json, addresses: Json) -> Result<Json>) {
        self.functions.setup_addresses = Some(function);
    }

    /// The function that adjusts the connections from the config, such as a timeout: its result is an object of
    /// objects, `{connection: {creation argument: value}}`.
    pub fn setup_connections(&mut self, function: fn(Json) -> Result<Json>) {
        self.functions.setup_connections = Some(function);
    }

    /// The function that adjusts the states from the config, such as a topic: its result is an object of objects,
    /// `{state: {creation argument: value}}`.
    pub fn setup_states(&mut self, function: fn(Json) -> Result<Json>) {
        self.functions.setup_states = Some(function);
    }

    /// The model, and the functions that it names by their numbers.
    pub(crate) fn finish(self) -> (ServiceModel, Functions<S>) {
        let Self { mut inbound, outbound, mut inbound_states, outbound_states, functions } = self;
        inbound.extend(outbound);
        inbound_states.extend(outbound_states);
        let model = ServiceModel {
            name: S::name().to_owned(),
            config: S::Config::record(),
            connections: inbound,
            states: inbound_states,
            functions: functions.defined(),
        };
        (model, functions)
    }
}

impl<S> Functions<S> {
    /// Makes a target of the external target at this place among all connections: the `in` connections come first, and
    /// each has a handler.
    pub(crate) fn make_target(&self, service: &mut S, connection: u32) -> Result<TargetObject> {
        let place = (connection as usize).checked_sub(self.handlers.len());
        let target = self.targets.iter().find(|(target, _)| Some(*target) == place);
        let (_, make) =
            target.ok_or_else(|| Error::new(format!("the service has no external target at place {connection}")))?;
        make(service)
    }

    fn defined(&self) -> Vec<Function> {
        let is_defined = |function: &Function| match function {
            Function::SetupConfig => self.setup_config.is_some(),
            Function::SetupAddresses => self.setup_addresses.is_some(),
            Function::SetupConnections => self.setup_connections.is_some(),
            Function::SetupStates => self.setup_states.is_some(),
            Function::Init => self.init.is_some(),
            Function::Main => self.main.is_some(),
            Function::OnSigint => self.on_sigint.is_some(),
            Function::OnSigterm => self.on_sigterm.is_some(),
        };
        Function::ALL.into_iter().filter(is_defined).collect()
    }
}
