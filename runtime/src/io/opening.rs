//! How the sockets of a service are opened, and those of a copy made anew.
//!
//! Owns the order, in which those that bind come first, and what each role takes to be opened. Sends nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use service_framework_connections::intake::Settings;
use service_framework_connections::publisher::Numbers;
use service_framework_connections::topic;
use uuid::Uuid;

use super::error::{WiringError, WiringProblem};
use super::estate::Estate;
use super::inlet::{self, Inlet};
use super::line::Line;
use super::lines::Lines;
use super::outlet::Outlet;
use super::{Door, End, Io, Plan, Posts, Role};
use crate::alarm::Alarm;
use crate::control::{Control, Stopped};
use crate::pool::Pool;
use crate::transport::{Socket, SocketKind, SocketOptions};
use crate::wiring::Wiring;

/// What the sockets of a service are opened with.
pub(crate) struct Parts<'p> {
    pub(crate) options: &'p SocketOptions,
    pub(crate) plans: &'p [Plan],
    pub(crate) pools: Vec<Pool>,
    pub(crate) posts: Posts,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    /// Whether the service's code is on another thread.
    pub(crate) is_apart: bool,
}

impl Io {
    /// Opens the sockets: those that bind first, so that a service which speaks to itself finds itself. Returns the
    /// addresses of each connection with them.
    pub(crate) async fn open(parts: Parts<'_>) -> Result<(Self, Vec<(usize, String)>), WiringError> {
        let Parts { options, plans, pools, posts, wiring, control, is_apart } = parts;
        let mut io = Self {
            doors: Vec::new(),
            inlets: Vec::new(),
            lines: Lines::new(pools, posts, Arc::clone(&wiring), Arc::clone(&control)),
            first: 0,
            outbox: VecDeque::new(),
            received: Vec::new(),
            wiring,
            stopped: Stopped::of(Arc::clone(&control)),
            control,
            alarm: Alarm::default(),
            options: options.clone(),
            following: Vec::new(),
            is_apart,
        };
        let mut addresses = Vec::new();
        let (binding, connecting): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.role.binds());
        for plan in binding.into_iter().chain(connecting) {
            match io.open_one(options, plan).await {
                Ok(opened) => addresses.extend(opened.into_iter().map(|address| (plan.place, address))),
                Err(reason) => {
                    io.close(Duration::ZERO).await;
                    return Err(WiringError { name: plan.name.clone(), reason });
                }
            }
        }
        io.lines.start_estates();
        Ok((io, addresses))
    }

    async fn open_one(&mut self, options: &SocketOptions, plan: &Plan) -> Result<Vec<String>, WiringProblem> {
        let place = plan.place;
        match plan.role {
            Role::Answers => {
                let (sockets, addresses) = listen(options, plan).await?;
                self.doors.extend(sockets.into_iter().map(|socket| Door { place, socket }));
                Ok(addresses)
            }
            Role::Asks { retries } => {
                self.lines.add(Line::new(place, ask(options, plan).await?, retries));
                Ok(plan.ends.iter().map(|end| end.endpoint.clone()).collect())
            }
            Role::Publishes { binds } => {
                let Some((_, outbound, _)) = self.wiring.outbound(place) else { return Ok(Vec::new()) };
                let (topic, is_numbered) = (outbound.topic().to_vec(), outbound.is_numbered());
                let (sockets, addresses) = speak(options, plan, binds).await?;
                for socket in sockets {
                    let (epoch, _) = Uuid::new_v4().as_u64_pair();
                    let numbers = is_numbered.then(|| Numbers::new(epoch));
                    self.lines.add_outlet(Outlet::new(place, socket, topic.clone(), numbers));
                }
                Ok(addresses)
            }
            Role::Subscribes { binds } => {
                let wiring = Arc::clone(&self.wiring);
                let Some(settings) = wiring.inbound(place).and_then(|(_, inbound, _)| inbound.intake()) else {
                    return Ok(Vec::new());
                };
                let (sockets, addresses) = follow(options, plan, settings.prefix(), binds).await?;
                self.inlets.push(Inlet::new(place, sockets, settings, Arc::clone(&wiring)));
                Ok(addresses)
            }
            Role::Updates { binds } => {
                let (sockets, addresses) = speak(options, plan, binds).await?;
                if let Some(estate) = self.estate(place)? {
                    estate.add_publishers(sockets);
                }
                Ok(addresses)
            }
            Role::GivesSnapshots => {
                let (sockets, addresses) = listen(options, plan).await?;
                if let Some(estate) = self.estate(place)? {
                    estate.add_replyers(sockets);
                }
                Ok(addresses)
            }
            Role::Follows { binds } => {
                let wiring = Arc::clone(&self.wiring);
                let Some(state) = wiring.state(place) else { return Ok(Vec::new()) };
                let settings = Settings::blocking(topic::bytes(state.topic()));
                let (sockets, addresses) = follow(options, plan, settings.prefix(), binds).await?;
                self.inlets.push(Inlet::of_copy(place, sockets, &settings, wiring));
                // Where it is bound, it is bound again, at the port that the system picked.
                let bound = plan.ends.iter().zip(&addresses);
                let bound = bound.map(|(end, at)| End { endpoint: at.clone(), ..end.clone() }).collect();
                self.following.push(Plan { ends: bound, ..plan.clone() });
                Ok(addresses)
            }
            Role::AsksForSnapshots => {
                self.lines.add(Line::new(place, ask(options, plan).await?, 0));
                self.following.push(plan.clone());
                Ok(plan.ends.iter().map(|end| end.endpoint.clone()).collect())
            }
        }
    }

    /// The state that the service owns at `place`, made when it is first asked for.
    fn estate(&mut self, place: usize) -> Result<Option<&mut Estate>, WiringProblem> {
        if self.lines.estate(place).is_none()
            && let Some(state) = self.wiring.state(place)
            && let Some(estate) = Estate::new(place, state, self.is_apart)?
        {
            self.lines.add_estate(estate);
        }
        Ok(self.lines.estate(place))
    }

    /// Makes the sockets of a copy anew: one whose connection is only half there may never notice. What waits in its queue
    /// stays. If it does not succeed the copy is silent, and asks again.
    pub(crate) async fn rebuild(&mut self, place: usize) {
        let wiring = Arc::clone(&self.wiring);
        let Some(state) = wiring.state(place) else { return };
        for plan in self.following.iter().filter(|plan| plan.place == place) {
            let remade = match plan.role {
                Role::Follows { binds } => {
                    let Some(inlet) = self.inlets.iter_mut().find(|inlet| inlet.place() == place) else { continue };
                    for socket in inlet.take_sockets() {
                        socket.close(Duration::ZERO).await;
                    }
                    let prefix = topic::bytes(state.topic());
                    follow(&self.options, plan, &prefix, binds).await.map(|(sockets, _)| inlet.set_sockets(sockets))
                }
                Role::AsksForSnapshots => match ask(&self.options, plan).await {
                    Ok(sockets) => {
                        for socket in self.lines.replace_line(Line::new(place, sockets, 0)) {
                            socket.close(Duration::ZERO).await;
                        }
                        Ok(())
                    }
                    Err(problem) => Err(problem),
                },
                _ => Ok(()),
            };
            match remade {
                Ok(()) => tracing::debug!("the sockets of the copy of `{}` were made anew", plan.name),
                Err(problem) => {
                    tracing::warn!("the sockets of the copy of `{}` cannot be made anew: {problem}", plan.name)
                }
            }
        }
    }
}

/// Sockets, and where they are.
type Opened = (Vec<Box<dyn Socket>>, Vec<String>);

/// Sockets at which anybody may ask.
async fn listen(options: &SocketOptions, plan: &Plan) -> Result<Opened, WiringProblem> {
    let (mut sockets, mut addresses) = (Vec::new(), Vec::new());
    for End { transport, endpoint } in &plan.ends {
        let mut socket = transport.open(SocketKind::Router, options)?;
        addresses.push(socket.bind(endpoint).await?);
        sockets.push(socket);
    }
    Ok((sockets, addresses))
}

/// Sockets by which something is published.
async fn speak(options: &SocketOptions, plan: &Plan, binds: bool) -> Result<Opened, WiringProblem> {
    let (mut sockets, mut addresses) = (Vec::new(), Vec::new());
    for End { transport, endpoint } in &plan.ends {
        let mut socket = transport.open(SocketKind::Publisher, options)?;
        addresses.push(bind_or_connect(socket.as_mut(), endpoint, binds).await?);
        sockets.push(socket);
    }
    Ok((sockets, addresses))
}

/// Sockets that get what is published and begins with a prefix.
async fn follow(options: &SocketOptions, plan: &Plan, prefix: &[u8], binds: bool) -> Result<Opened, WiringProblem> {
    let options = SocketOptions { receive_queue: inlet::PUMPED as u32, ..options.clone() };
    let (mut sockets, mut addresses) = (Vec::new(), Vec::new());
    for End { transport, endpoint } in &plan.ends {
        let mut socket = transport.open(SocketKind::Subscriber, &options)?;
        socket.subscribe(prefix).await?;
        addresses.push(bind_or_connect(socket.as_mut(), endpoint, binds).await?);
        sockets.push(socket);
    }
    Ok((sockets, addresses))
}

/// Sockets by which somebody is asked.
async fn ask(options: &SocketOptions, plan: &Plan) -> Result<Vec<Box<dyn Socket>>, WiringProblem> {
    let mut sockets = Vec::new();
    for End { transport, endpoint } in &plan.ends {
        let mut socket = transport.open(SocketKind::Dealer, options)?;
        socket.connect(endpoint).await?;
        sockets.push(socket);
    }
    Ok(sockets)
}

async fn bind_or_connect(socket: &mut dyn Socket, endpoint: &str, binds: bool) -> Result<String, WiringProblem> {
    if binds {
        return Ok(socket.bind(endpoint).await?);
    }
    socket.connect(endpoint).await?;
    Ok(endpoint.to_owned())
}
