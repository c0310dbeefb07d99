//! Several services of one program on one thread, wired to each other by relations.
//!
//! Owns the options and the handle, as `service` does for one of them.

use service_framework_plugin::Stats;
use service_framework_runtime::diagnostics::Source;
use service_framework_runtime::{Diagnostics, GroupMember, Mode, PreparedGroup, Running, Stopper, WrittenRelation};

use crate::service::find_address;
use crate::{Service, ServiceBuilder, ServiceError};

/// Services that share a thread. Where an `out` connection of one is related to an `in` connection of another, a message
/// is a call: no socket carries it and nothing of it waits for another thread. Everything else is as it is between
/// sockets, the checks of both models, the ids of workflows and the errors that come back included.
///
/// ```
/// use std::time::Duration;
/// use service_framework::prelude::*;
/// use service_framework::{Group, Service};
///
/// #[derive(Model)]
/// struct Text { text: String }
///
/// struct Echo;
/// impl ServiceDefinition for Echo {
///     type Config = ();
///     fn new(_: ()) -> Result<Self> { Ok(Self) }
///     fn models(m: &mut Models<Self>) { m.replyer("echo", Self::on_echo); }
/// }
/// impl Echo {
///     fn on_echo(&mut self, text: Text, _: &mut Context) -> Result<Text> { Ok(text) }
/// }
///
/// const ECHO: Requester<Text, Text> = Requester::new("echo");
///
/// struct Caller;
/// impl ServiceDefinition for Caller {
///     type Config = ();
///     fn new(_: ()) -> Result<Self> { Ok(Self) }
///     fn models(m: &mut Models<Self>) {
///         m.requester(&ECHO);
///         m.main(Self::main);
///     }
/// }
/// impl Caller {
///     fn main(&mut self, ctx: &mut Context) -> Result<()> {
///         let heard = ctx.send(&ECHO, &Text { text: "hello".into() })?;
///         assert_eq!(heard.text, "hello");
///         Ok(())
///     }
/// }
///
/// # fn main() -> std::result::Result<(), service_framework::ServiceError> {
/// Group::new()
///     .service("echo", Service::of::<Echo>())
///     .main("caller", Service::of::<Caller>())
///     .relation("caller.echo", "echo.echo")
///     .build()?
///     .run_blocking()
/// # }
/// ```
pub struct Group {
    members: Vec<Joined>,
    relations: Vec<WrittenRelation>,
    running: Option<Running>,
}

/// A service of a group.
struct Joined {
    name: String,
    service: Service,
    mode: Mode,
}

/// The parts of a group that is to run.
#[derive(Default)]
pub struct GroupBuilder {
    members: Vec<(String, ServiceBuilder, Mode)>,
    relations: Vec<WrittenRelation>,
}

impl Group {
    /// A group without services.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "a group is built from its services")]
    pub fn new() -> GroupBuilder {
        GroupBuilder::default()
    }

    /// Validates everything and runs the services in the background. Returns when all are wired and the `init` of each has
    /// returned, of those first that others lead to.
    ///
    /// # Errors
    /// All problems of relations, configs and addresses together; or what failed while starting.
    pub fn run(&mut self) -> Result<(), ServiceError> {
        self.start(|_| ())
    }

    /// Runs the services until the group is stopped, or the service that runs its main has ended.
    ///
    /// # Errors
    /// As [`Group::run`], and what ended the group otherwise than by stopping.
    pub fn run_blocking(&mut self) -> Result<(), ServiceError> {
        self.start(|_| ())?;
        self.wait()
    }

    /// Waits until the group ends. Returns at once if it does not run.
    ///
    /// # Errors
    /// What ended it otherwise than by stopping.
    pub fn wait(&mut self) -> Result<(), ServiceError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let outcome = running.wait();
        self.running = None;
        outcome.map_err(ServiceError::from)
    }

    /// Stops the services and waits for their end; a stopped group may be run again. Dropping a group stops it too.
    ///
    /// # Errors
    /// What ended it otherwise than by stopping.
    pub fn stop(&mut self) -> Result<(), ServiceError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.stop().map_err(ServiceError::from)
    }

    /// Whether the group runs: it was started, and has neither been stopped nor ended by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(Running::is_running)
    }

    /// Checks relations, configs and addresses without binding anything. Returns what is worth a note all the same.
    ///
    /// # Errors
    /// All problems together.
    pub fn validate(&self) -> Result<Diagnostics, ServiceError> {
        Ok(self.prepare()?.into_notes())
    }

    /// A handle that stops the group from another thread. None if it does not run.
    #[must_use]
    pub fn stopper(&self) -> Option<Stopper> {
        self.running.as_ref().map(Running::stopper)
    }

    /// The address as bound or connected of a connection of one of the services, as [`Service::address`] gives it.
    #[must_use]
    pub fn address(&self, service: &str, connection: &str) -> Option<&str> {
        find_address(self.running.as_ref()?.addresses_of(self.place(service)?)?, connection)
    }

    /// What happened to the messages of each connection of one of the services since the group was started. None if the
    /// group does not run or has no such service.
    #[must_use]
    pub fn stats(&self, service: &str) -> Option<Stats> {
        self.running.as_ref()?.stats_of(self.place(service)?)
    }

    fn place(&self, service: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == service)
    }

    fn prepare(&self) -> Result<PreparedGroup, ServiceError> {
        let members = self.members.iter().map(|Joined { name, service, mode }| GroupMember {
            name,
            loaded: &service.loaded,
            mode: *mode,
            inputs: &service.inputs,
            options: &service.options,
            log: &service.log,
        });
        Ok(PreparedGroup::new(&members.collect::<Vec<_>>(), &self.relations)?)
    }

    /// Starts the group; `before` gets it before any of its code runs.
    pub(crate) fn start<G>(&mut self, before: impl FnOnce(&PreparedGroup) -> G) -> Result<G, ServiceError> {
        if self.is_running() {
            return Err(ServiceError::Running);
        }
        // One that has ended by itself, and that nobody asked how.
        self.running = None;
        let prepared = self.prepare()?;
        let guard = before(&prepared);
        self.running = Some(prepared.start()?);
        Ok(guard)
    }
}

impl GroupBuilder {
    /// A service that runs its loop, and what it is called in this group: in relations, and in its log.
    #[must_use]
    pub fn service(self, name: &str, service: ServiceBuilder) -> Self {
        self.member(name, service, Mode::Service)
    }

    /// The service that runs its main. The others are served whenever it waits, flushes what it has sent, or waits for an
    /// answer that comes by a socket.
    #[must_use]
    pub fn main(self, name: &str, service: ServiceBuilder) -> Self {
        self.member(name, service, Mode::Main)
    }

    fn member(mut self, name: &str, service: ServiceBuilder, mode: Mode) -> Self {
        self.members.push((name.to_owned(), service, mode));
        self
    }

    /// Makes an `out` connection of one service and an `in` connection of another each other's ends. Both are written
    /// `service.connection`. A requester has one such end, and no address then; a publisher may have several and an
    /// address beside them, and so may what they lead to.
    #[must_use]
    pub fn relation(self, out: &str, into: &str) -> Self {
        let source = Source::Embedded("relations");
        self.written_relation(WrittenRelation { from: out.to_owned(), to: into.to_owned(), source, span: None })
    }

    pub(crate) fn written_relation(mut self, relation: WrittenRelation) -> Self {
        self.relations.push(relation);
        self
    }

    /// Loads the services and checks their models.
    ///
    /// # Errors
    /// If the code of a service cannot be loaded, or its models or options are invalid.
    pub fn build(self) -> Result<Group, ServiceError> {
        let joined = |(name, service, mode): (String, ServiceBuilder, Mode)| {
            Ok(Joined { name, service: service.build()?, mode })
        };
        let members = self.members.into_iter().map(joined).collect::<Result<_, ServiceError>>()?;
        Ok(Group { members, relations: self.relations, running: None })
    }
}
