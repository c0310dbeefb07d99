//! Several services on one thread, some of their connections wired to each other without sockets.
//!
//! `relations` says what is wired to what, `crew` runs the services. This file owns the way from what was asked for to
//! services that run and are closed again: the order of their beginnings and ends.

mod crew;
mod relations;
mod seat;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use service_framework_connections::publisher::Numbers;
use service_framework_model::validator::Validator;
use uuid::Uuid;

use self::crew::{Crew, Member, Related, RelatedEnd};
use self::relations::Relation;
pub use self::relations::WrittenRelation;
use crate::control::{Control, StopReason};
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::dispatch::Models;
use crate::io::{Inlet, Relays, postbox};
use crate::life::{self, Blueprint, Starting};
use crate::logging::LogOptions;
use crate::placement::{Placement, executor};
use crate::prepare::{Inputs, Loaded, Part};
use crate::report::Reporter;
use crate::running::{BoundAddresses, Mode, RunError, RunOptions, Running, Spawn, StartError, Stopper};
use crate::service_loop::ServiceLoop;

/// A service that is to be one of a group.
pub struct GroupMember<'l> {
    /// What it is called in the group, and in its log.
    pub name: &'l str,
    /// Its code and models.
    pub loaded: &'l Loaded,
    /// Whether it answers messages or drives. At most one drives.
    pub mode: Mode,
    /// Its config, and the addresses of what stands in no relation.
    pub inputs: &'l Inputs,
    /// How it runs.
    pub options: &'l RunOptions,
    /// What it logs, and where.
    pub log: &'l LogOptions,
}

/// A group that is ready to start.
pub struct PreparedGroup {
    blueprints: Vec<Blueprint>,
    relations: Vec<Relation>,
    control: Arc<Control>,
    notes: Diagnostics,
}

impl PreparedGroup {
    /// Resolves and validates everything that the services need to run.
    ///
    /// # Errors
    /// All problems together.
    pub fn new(members: &[GroupMember<'_>], written: &[WrittenRelation]) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        check(members, &mut problems);
        let as_related: Vec<_> = members
            .iter()
            .map(|member| relations::Member { name: member.name, model: member.loaded.model(), mode: member.mode })
            .collect();
        let relations = relations::resolve(&as_related, written, &mut problems);
        // What is missing only because a relation is wrong is not told.
        let are_wrong = problems.has_errors();
        let control = Arc::new(Control::default());
        let mut blueprints = Vec::new();
        for (at, member) in members.iter().enumerate() {
            let connections = member.loaded.model().connections.iter().enumerate();
            let is_related = |place: usize| {
                let is_this = |end: relations::End| end.member == at && end.place == place;
                relations.iter().any(|relation| is_this(relation.from) || is_this(relation.to))
            };
            let related = connections.filter(|(place, _)| are_wrong || is_related(*place));
            let part = Part {
                name: member.name,
                control: Arc::clone(&control),
                related: related.map(|(_, connection)| (connection.side, connection.name.clone())).collect(),
            };
            match member.loaded.prepare_part(member.mode, member.inputs, member.options.clone(), member.log, &part) {
                Ok(prepared) => blueprints.push(prepared.into_blueprint(&mut problems)),
                Err(found) => problems.append(found),
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Self { blueprints, relations, control, notes: problems })
    }

    /// What is worth knowing although the services can run.
    #[must_use]
    pub fn into_notes(self) -> Diagnostics {
        self.notes
    }

    /// The handle that stops the group, good before it has started.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), self.stop_timeout())
    }

    /// What logs how the services are doing, good before they have started.
    #[must_use]
    pub fn reporters(&self) -> Vec<Reporter> {
        self.blueprints.iter().map(Blueprint::reporter).collect()
    }

    /// The patience with all of them is that with the slowest.
    fn stop_timeout(&self) -> Duration {
        self.blueprints.iter().map(|blueprint| blueprint.options.stop_timeout).max().unwrap_or_default()
    }

    /// Opens the sockets and starts the services in the background. Returns when `init` of each has returned.
    ///
    /// # Errors
    /// If a service could not be made, a connection could not be opened, or an `init` failed.
    pub fn start(self) -> Result<Running, StartError> {
        let names: Vec<&str> = self.blueprints.iter().map(|blueprint| blueprint.name.as_str()).collect();
        Running::spawn(Spawn {
            name: names.join("+"),
            control: Arc::clone(&self.control),
            wirings: self.blueprints.iter().map(|blueprint| Arc::clone(&blueprint.sockets.wiring)).collect(),
            stop_timeout: self.stop_timeout(),
            // They are closed one after the other.
            linger: self.blueprints.iter().map(|blueprint| blueprint.options.linger).sum(),
            live: Box::new(move |starting| live(&self.blueprints, &self.relations, &self.control, starting)),
        })
    }
}

/// Whether these services can be a group at all.
fn check(members: &[GroupMember<'_>], problems: &mut Diagnostics) {
    let mut error = |message: String, at: &str, help: Option<String>| {
        problems.push(Diagnostic::error(Source::Embedded("services"), message).at(at).with_help(help));
    };
    for (at, member) in members.iter().enumerate() {
        if member.name.is_empty() || member.name.contains('.') {
            error(
                format!("{:?} cannot be the name of a service", member.name),
                "",
                Some("a name has no dot, and at least one character".into()),
            );
        }
        if members.iter().take(at).any(|other| other.name == member.name) {
            error(
                "another service of the group has this name".to_owned(),
                member.name,
                Some("give each a name of its own".into()),
            );
        }
        if !member.options.min_wait.is_zero() {
            let help = Some("leave it out, or run the service by itself".to_owned());
            error(
                "a service of a group has no least time between two passes of its loop".to_owned(),
                member.name,
                help,
            );
        }
        if member.options.placement == Some(Placement::Offloaded) {
            let help = "run it by itself, or leave the placement out";
            error(
                "the services of a group have their sockets on the group's thread".to_owned(),
                member.name,
                Some(help.to_owned()),
            );
        }
    }
    let leaders: Vec<&str> =
        members.iter().filter(|member| member.mode == Mode::Main).map(|member| member.name).collect();
    if let [_, second, ..] = leaders.as_slice() {
        let help = Some("run the service loops of the others".to_owned());
        error(format!("only one service of a group can run its main, not {}", leaders.join(" and ")), second, help);
    }
}

/// The group's thread: the whole life of its services, except what went wrong before they were wired.
fn live(
    blueprints: &[Blueprint],
    relations: &[Relation],
    control: &Arc<Control>,
    starting: &Starting,
) -> Result<(), RunError> {
    let crew = match begin(blueprints, relations, control) {
        Ok((crew, addresses)) => {
            let _ = starting.send(Ok(addresses));
            crew
        }
        Err(error) => {
            let _ = starting.send(Err(error));
            control.stop(StopReason::Requested, Duration::ZERO);
            return Ok(());
        }
    };
    match crew.leader {
        None => crew.serve(),
        Some(leader) => crew.run_main(leader),
    }
    control.stop(StopReason::Requested, Duration::ZERO);
    crew.turn_away();
    crew.on_signal(blueprints);
    // What came while those functions ran.
    crew.turn_away();
    let failed = crew.failed.borrow_mut().take();
    crew.close();
    failed.map_or(Ok(()), Err)
}

/// Makes the services, opens their sockets, and runs `init` of each: those first that others reach.
fn begin(
    blueprints: &[Blueprint],
    relations: &[Relation],
    control: &Arc<Control>,
) -> Result<(Crew, Vec<BoundAddresses>), StartError> {
    let busy = blueprints.iter().any(|blueprint| blueprint.options.busy);
    let leader = blueprints.iter().position(|blueprint| blueprint.mode == Mode::Main);
    let mut crew = Crew {
        runtime: executor(busy)?,
        members: Vec::new(),
        control: Arc::clone(control),
        leader,
        first: Cell::new(0),
        failed: RefCell::new(None),
    };
    let mut addresses = Vec::new();
    for (at, blueprint) in blueprints.iter().enumerate() {
        match join(&crew, at, blueprints, relations) {
            Ok((member, bound)) => {
                crew.members.push(member);
                addresses.push(bound);
            }
            Err(error) => {
                crew.close();
                return Err(StartError::of_member(&blueprint.name, error));
            }
        }
    }
    for at in relations::order(blueprints.len(), relations) {
        let (Some(blueprint), Some(member)) = (blueprints.get(at), crew.members.get(at)) else { continue };
        let _logs = blueprint.sinks.enter(&blueprint.name);
        let mut seat = crew.seat(at);
        life::settle(&blueprint.sockets, &mut seat);
        let begun = {
            let mut dispatcher = member.dispatcher.borrow_mut();
            dispatcher.start_copies(std::time::Instant::now());
            life::init(blueprint, &mut dispatcher, &mut seat)
        };
        if let Err(error) = begun {
            crew.close();
            return Err(StartError::of_member(&blueprint.name, error));
        }
    }
    Ok((crew, addresses))
}

/// What both ends of a relation declare, if that is the same and flat.
fn models_of(blueprints: &[Blueprint], relation: &Relation) -> Option<Models> {
    let of = |end: relations::End| blueprints.get(end.member)?.model.connections.get(end.place);
    let (from, to) = (of(relation.from)?, of(relation.to)?);
    let are_alike = from.arguments == to.arguments && from.return_arguments == to.return_arguments;
    let compiled = |record| Validator::new(record).ok().filter(Validator::is_flat);
    let (arguments, returns) = (compiled(&from.arguments)?, compiled(&from.return_arguments)?);
    are_alike.then_some(Models { arguments, returns })
}

/// Makes one service and opens its sockets.
fn join(
    crew: &Crew,
    at: usize,
    blueprints: &[Blueprint],
    relations: &[Relation],
) -> Result<(Member, BoundAddresses), StartError> {
    let Some(blueprint) = blueprints.get(at) else {
        return Err(StartError::New("there is no such service".to_owned()));
    };
    let Blueprint { name, sockets, sinks, options, .. } = blueprint;
    let _logs = sinks.enter(name);
    let (postbox, posts) = postbox();
    let mut dispatcher = life::dispatcher(blueprint, postbox)?;
    let pools = life::pools(blueprint, &mut dispatcher)?;
    life::watch(blueprint, &dispatcher)?;
    let opened = crew.runtime.block_on(sockets.open_here(pools, posts, false));
    let (mut io, opened) = opened.map_err(StartError::Wiring)?;
    let wiring = Arc::clone(&sockets.wiring);
    let related = |place: usize| {
        let ends = relations.iter().filter(|relation| relation.from == relations::End { member: at, place });
        let ends = ends.map(|relation| RelatedEnd {
            end: relation.to,
            is_deferred: relation.is_deferred,
            models: models_of(blueprints, relation),
        });
        let ends: Vec<_> = ends.collect();
        let (_, outbound, _) = wiring.outbound(place).filter(|_| !ends.is_empty())?;
        let (epoch, _) = Uuid::new_v4().as_u64_pair();
        let numbers = RefCell::new(outbound.is_numbered().then(|| Numbers::new(epoch)));
        let has_socket = sockets.plans.iter().any(|plan| plan.place == place);
        let is_at_once = !has_socket && ends.iter().all(|end| end.models.is_some() && !end.is_deferred);
        Some(Related { ends, has_socket, is_at_once, numbers })
    };
    let related: Vec<_> = (0..blueprint.connections.len()).map(related).collect();
    let places = related.iter().enumerate().filter_map(|(place, related)| related.as_ref().map(|_| place));
    let relays = Relays { places: places.collect(), posts: Rc::default() };
    io.relay(relays.clone());
    let places: BTreeSet<usize> = relations
        .iter()
        .filter(|relation| relation.is_deferred && relation.to.member == at)
        .map(|relation| relation.to.place)
        .collect();
    let inbox = places.into_iter().filter_map(|place| {
        let (_, inbound, _) = wiring.inbound(place)?;
        Some(Inlet::new(place, Vec::new(), inbound.intake()?, Arc::clone(&wiring)))
    });
    let member = Member {
        name: name.as_str().into(),
        sinks: sinks.clone(),
        related,
        posted: relays.posts,
        wiring: Arc::clone(&wiring),
        dispatcher: RefCell::new(dispatcher),
        service_loop: RefCell::new(ServiceLoop::default()),
        io: RefCell::new(io),
        linger: options.linger,
        batch: RefCell::default(),
        inbox: RefCell::new(inbox.collect()),
    };
    Ok((member, life::tell_addresses(blueprint, opened)))
}
