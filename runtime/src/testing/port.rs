//! The other side of a service under test: a clock that moves only when something waits, and peers that follow scripts.
//!
//! Owns the time of the service, what was sent, and what is answered. Which attempt of a request is next, and when it
//! has failed, the state machine of requests says here as it does over sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::publisher::Numbers;
use service_framework_connections::requests::{Requests, Unanswered};
use service_framework_connections::{Frames, topic};
use service_framework_model::schema::ConnectionModel;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::answer::{Answer, Reply, Script};
use super::error::TestError;
use super::message::{self, Part};
use super::sent::Sent;
use super::states::Lives;
use crate::boundary::{Port, Target};
use crate::control::{Control, StopReason, later};
use crate::io::{Post, Posts, Request};
use crate::life::Blueprint;
use crate::logging::Sinks;
use crate::running::Stopper;
use crate::wiring::Wiring;

/// Of the one request that the service's own code waits for.
const TICKET: u64 = 1;
/// The life of a publisher in a test: always the same one.
const EPOCH: u64 = 1;
/// Where correlations begin: nobody but the script sees them.
const SEED: u64 = 1;

/// The peers and the clock of one service.
pub(super) struct TestPort {
    pub(super) wiring: Arc<Wiring>,
    pub(super) control: Arc<Control>,
    connections: Vec<ConnectionModel>,
    sinks: Sinks,
    name: String,
    stop_timeout: Duration,
    executor: Runtime,
    posts: Posts,
    /// How many were taken since the test last asked.
    posts_taken: usize,
    began: Instant,
    pub(super) now: Instant,
    /// The stop that is to come, and when.
    pub(super) stop: Option<(Instant, StopReason)>,
    pub(super) scripts: HashMap<usize, Script>,
    /// The objects to which the calls of external targets go that have no script.
    targets: HashMap<usize, Vec<Target>>,
    /// How many subscribers publishers have, where it was said.
    pub(super) subscribers: HashMap<usize, usize>,
    numbers: HashMap<usize, Numbers>,
    /// The other ends of states.
    pub(super) lives: Lives,
    pub(super) sent: Vec<Sent>,
    /// What a script did wrong.
    pub(super) problem: Option<TestError>,
}

/// What becomes of a request that was handed to the other side.
enum Fate {
    /// It left, and this happens after a time.
    Left(Option<(Duration, Arriving)>),
    NoPeer,
    Busy,
}

enum Arriving {
    Body(Bytes),
    Loss,
}

impl TestPort {
    pub(super) fn new(
        blueprint: &Blueprint,
        connections: Vec<ConnectionModel>,
        targets: HashMap<usize, Vec<Target>>,
        posts: Posts,
    ) -> std::io::Result<Self> {
        let Blueprint { sockets, sinks, name, options, .. } = blueprint;
        let now = Instant::now();
        Ok(Self {
            wiring: Arc::clone(&sockets.wiring),
            control: Arc::clone(&sockets.control),
            connections,
            sinks: sinks.clone(),
            name: name.clone(),
            stop_timeout: options.stop_timeout,
            executor: tokio::runtime::Builder::new_current_thread().enable_time().build()?,
            posts,
            posts_taken: 0,
            began: now,
            now,
            stop: None,
            scripts: HashMap::new(),
            targets,
            subscribers: HashMap::new(),
            numbers: HashMap::new(),
            lives: Lives::default(),
            sent: Vec::new(),
            problem: None,
        })
    }

    /// A handle that stops the service from another thread.
    pub(super) fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), self.stop_timeout)
    }

    /// How much time has gone by for the service.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.saturating_duration_since(self.began)
    }

    /// Stops the service as of now.
    pub(super) fn stop(&mut self, reason: StopReason) {
        self.stop = None;
        self.control.stop_at(self.now, reason, self.stop_timeout);
    }

    /// Moves the clock to `until`; a stop that is to come on the way comes at its own time. Returns whether the clock
    /// got there: the stop ends what `ends_on_stop`.
    pub(super) fn pass(&mut self, until: Instant, ends_on_stop: bool) -> bool {
        if ends_on_stop && self.control.is_stopping() {
            return false;
        }
        if let Some((at, reason)) = self.stop.filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.stop(reason);
            if ends_on_stop {
                return false;
            }
        }
        self.now = self.now.max(until);
        true
    }

    /// As [`TestPort::pass`]; the function of a message may finish a request until patience with it ends.
    fn pass_for_request(&mut self, until: Instant, may_finish: bool) -> bool {
        if self.pass(until, true) {
            return true;
        }
        let ends = self.control.patience_ends().filter(|_| may_finish);
        let Some(ends) = ends else { return false };
        self.now = self.now.max(until.min(ends));
        until < ends
    }

    /// Takes what threads of the author's own have posted, without waiting.
    pub(super) fn take_waiting_posts(&mut self) {
        while let Ok(post) = self.posts.try_recv() {
            self.take(post);
        }
    }

    /// Takes posts until there were this many since this was last asked, or patience ends; returns how many there were.
    pub(super) fn take_posts(&mut self, at_least: usize, patience: Duration) -> usize {
        let until = later(Instant::now(), patience);
        self.take_waiting_posts();
        while self.posts_taken < at_least {
            let Self { executor, posts, .. } = self;
            let posted = executor.block_on(async { tokio::time::timeout_at(until.into(), posts.recv()).await });
            let Ok(Some(post)) = posted else { break };
            self.take(post);
        }
        std::mem::take(&mut self.posts_taken)
    }

    /// No thread is answered any more: the service is gone.
    pub(super) fn close(&mut self) {
        self.posts.close();
        self.take_waiting_posts();
    }

    /// Answers a request of another thread. Its time is the real one, so the service's clock does not move.
    fn take(&mut self, post: Post) {
        self.posts_taken += 1;
        let Request { place, body, answer, .. } = match post {
            Post::Request(request) => request,
            Post::Publication { place, mut body } => return self.publish(place, &mut body),
        };
        let outcome = if self.control.is_stopping() {
            Err(Unanswered::Stopping)
        } else {
            match self.hand_over(place, &body) {
                Fate::Left(Some((_, Arriving::Body(body)))) => Ok(body),
                Fate::Left(Some((_, Arriving::Loss))) => Err(Unanswered::PeerLost),
                Fate::Left(None) => Err(Unanswered::TimedOut),
                Fate::NoPeer => Err(Unanswered::NoPeer),
                Fate::Busy => Err(Unanswered::Busy),
            }
        };
        // A thread that has ended does not wait.
        let _ = answer.send(outcome);
    }

    /// Hands a request to the other side, which follows its script; without one, nobody is there but the service's own
    /// targets. What leaves is noted.
    fn hand_over(&mut self, place: usize, body: &Bytes) -> Fate {
        let (at, first) = (self.elapsed(), self.sent.len());
        let fate = if let Some(mut script) = self.scripts.remove(&place) {
            let name = self.name_of(place);
            let fate = script(&name, body).and_then(|answer| self.fate(place, &name, body, answer));
            self.scripts.insert(place, script);
            fate.unwrap_or_else(|problem| {
                self.problem.get_or_insert(problem);
                Fate::NoPeer
            })
        } else if self.targets.contains_key(&place) {
            self.call_target(place, body.clone())
        } else {
            Fate::NoPeer
        };
        if matches!(fate, Fate::Left(_)) {
            // It left before whatever the other side sent meanwhile.
            self.sent.insert(first, Sent::new(&self.name_of(place), body.clone(), at));
        }
        fate
    }

    fn name_of(&self, place: usize) -> String {
        self.connections.get(place).map(|connection| connection.name.clone()).unwrap_or_default()
    }

    fn fate(&self, place: usize, name: &str, body: &Bytes, Answer { reply, after }: Answer) -> Result<Fate, TestError> {
        let id = message::workflow_id(body);
        let arrives = |body| Fate::Left(Some((after, Arriving::Body(body))));
        Ok(match reply {
            Reply::Json(json) => {
                let Some(ConnectionModel { return_arguments, peers, .. }) = self.connections.get(place) else {
                    return Ok(Fate::NoPeer);
                };
                arrives(message::from_json(Part::Returned, (name, return_arguments, *peers), &json, &id)?)
            }
            Reply::Value(value) => arrives(message::from_value(Part::Returned, &value, &id)),
            Reply::Bytes(bytes) => arrives(bytes),
            Reply::Error(error) => arrives(message::from_error(&error, &id)),
            Reply::PeerLost => Fate::Left(Some((after, Arriving::Loss))),
            Reply::Never => Fate::Left(None),
            Reply::NoPeer => Fate::NoPeer,
            Reply::Busy => Fate::Busy,
            Reply::Slip(what) => return Err(TestError::Test(what)),
        })
    }

    /// Calls the service's own target, on a thread as in production; what that thread posts meanwhile is taken.
    fn call_target(&mut self, place: usize, body: Bytes) -> Fate {
        let Some(mut target) = self.targets.get_mut(&place).and_then(Vec::pop) else { return Fate::Busy };
        let (wiring, control) = (Arc::clone(&self.wiring), Arc::clone(&self.control));
        let (sinks, name) = (self.sinks.clone(), self.name.clone());
        let (answer, mut answered) = oneshot::channel();
        let call = std::thread::spawn(move || {
            let _logs = sinks.enter(&name);
            let _ = answer.send(target.call(&wiring, &control, body));
            target
        });
        let fate = loop {
            let Self { executor, posts, .. } = self;
            let post = executor.block_on(async {
                tokio::select! {
                    biased;
                    answered = &mut answered => Err(answered),
                    Some(post) = posts.recv() => Ok(post),
                }
            });
            match post {
                Ok(post) => self.take(post),
                Err(Ok(body)) => break Fate::Left(Some((Duration::ZERO, Arriving::Body(body)))),
                Err(Err(_)) => break Fate::Left(Some((Duration::ZERO, Arriving::Loss))),
            }
        };
        // One whose thread panicked is gone, as in production.
        if let (Ok(target), Some(targets)) = (call.join(), self.targets.get_mut(&place)) {
            targets.push(target);
        }
        fate
    }

    /// Whether calls of the connection at `place` go to a target of this process.
    fn is_target(&self, place: usize) -> bool {
        self.wiring.outbound(place).is_some_and(|(_, outbound, _)| outbound.target().is_some())
    }
}

impl Port for TestPort {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        self.take_waiting_posts();
        let retries = self.wiring.outbound(place).map_or(0, |(_, outbound, _)| outbound.retries());
        let mut requests = Requests::new(SEED, 1, retries);
        requests.handle_peers(0, 1, false, self.now);
        requests.begin(TICKET, body, deadline, self.now);
        let mut arriving: Option<(Instant, Frames, Arriving)> = None;
        loop {
            while let Some((address, frames)) = requests.poll_transmit() {
                match self.hand_over(place, frames.last().unwrap_or(&Bytes::new())) {
                    Fate::Left(what) => {
                        arriving = what.map(|(after, what)| (later(self.now, after), frames, what));
                    }
                    Fate::NoPeer if self.is_target(place) => return Err(Unanswered::NoPeer),
                    Fate::NoPeer => {
                        requests.handle_peers(address, 0, false, self.now);
                        requests.handle_unsent(address, &frames, self.now);
                    }
                    Fate::Busy => return Err(Unanswered::Busy),
                }
            }
            if let Some((_, outcome)) = requests.poll_outcome() {
                return outcome;
            }
            let Some(deadline) = requests.poll_deadline() else { return Err(Unanswered::NoPeer) };
            let next = arriving.as_ref().map_or(deadline, |(at, ..)| deadline.min(*at));
            if !self.pass_for_request(next, may_finish) {
                requests.handle_stop(TICKET);
                continue;
            }
            match arriving.take_if(|(at, ..)| *at <= self.now) {
                Some((_, mut frames, Arriving::Body(body))) => {
                    frames.pop();
                    frames.push(body);
                    // Nobody but this request sends: a reply that it does not take came after its time.
                    let _ = requests.handle_frames(0, &frames);
                }
                Some((_, _, Arriving::Loss)) => requests.handle_peers(0, 1, true, self.now),
                None => requests.handle_timeout(self.now),
            }
        }
    }

    fn publish(&mut self, place: usize, publication: &mut Vec<u8>) {
        let Some((name, outbound, counters)) = self.wiring.outbound(place) else { return };
        if outbound.is_numbered() {
            self.numbers.entry(place).or_insert_with(|| Numbers::new(EPOCH)).number(publication);
        }
        counters.sent();
        let at = self.now.saturating_duration_since(self.began);
        self.sent.push(Sent::of_publication(name, outbound.topic(), std::mem::take(publication).into(), at));
    }

    fn publish_update(&mut self, place: usize, update: Update, id: &WorkflowId<'_>) {
        let frames = self.lives.publish(place, &update, id, &self.wiring, self.now);
        let (Some(state), Some(counters)) = (self.wiring.state(place), self.wiring.counters(place)) else { return };
        let (name, topic) = (self.wiring.name(place), topic::bytes(state.topic()));
        let at = self.now.saturating_duration_since(self.began);
        for frame in frames {
            counters.sent();
            self.sent.push(Sent::of_publication(name, &topic, frame, at));
        }
    }

    fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, _: Instant) {
        self.lives.ask(place, of_copy, body);
    }

    fn rebuild(&mut self, _: usize) {}

    fn wait_for_subscribers(&mut self, place: usize, count: usize, until: Instant, ends_on_stop: bool) -> usize {
        self.take_waiting_posts();
        let there = self.subscribers.get(&place).copied().unwrap_or(count);
        if there < count {
            self.pass(until, ends_on_stop);
        }
        there
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        self.take_waiting_posts();
        self.pass(until, ends_on_stop);
    }

    fn flush(&mut self) {
        self.take_waiting_posts();
    }

    /// A test may itself run inside of an executor.
    fn drives_executor(&self) -> bool {
        false
    }

    fn now(&self) -> Instant {
        self.now
    }
}
