//! An owner and its copies in a simulated world: network, clock and faults, all by the chance of one seed.
//!
//! Publisher and requester have a network each: what one delays says nothing of the other. The publisher's keeps the
//! order, as one connection does; everything else may happen to it.

mod checks;
mod network;
mod trouble;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_states::copy::{Copy, Event as CopyEvent, Status};
use service_framework_states::rules::Rules;
use service_framework_states::settings::{CopySettings, OnStale};

use crate::chance::Chance;
use crate::invariants::{Broken, History, Shown, Time};
use crate::owners::{Form, HEARTBEAT, OldLife, OwnLife, content};

const MILLISECOND: Time = 1_000;
const SECOND: Time = 1_000 * MILLISECOND;
/// Until then everything may go wrong.
const CHAOS: Time = 15 * SECOND;
/// From the end of the chaos on nothing goes wrong any more; the owner goes on until then, and rests after it.
const CALM: Time = CHAOS + 8 * SECOND;
const END: Time = CALM + 17 * SECOND;
const MOST_DELAY: Time = 400 * MILLISECOND;
const MOST_BUSY: Time = 800 * MILLISECOND;
const BUFFER_MESSAGES: usize = 20;
const BUFFER_BYTES: usize = 5_000;
const INBOX: usize = 30;

/// What may go wrong in this world: one in so many times, never if 0.
struct Faults {
    loss: u64,
    twice: u64,
    reply_loss: u64,
    busy: u64,
    /// How much time is between two events of the kinds below, at the most; 0 for none of them.
    trouble: Time,
    delay: Time,
}

enum Event {
    /// Something arrives on a copy's subscriber.
    Arrive {
        copy: usize,
        life: u64,
        item: Item,
    },
    Request {
        copy: usize,
        life: u64,
        ticket: u64,
        frame: Bytes,
    },
    Reply {
        copy: usize,
        life: u64,
        ticket: u64,
        frame: Option<Bytes>,
    },
    /// A handler has returned.
    Wake {
        copy: usize,
        life: u64,
    },
    Act,
    Trouble,
    OwnerComes,
    OwnerGoes,
    LateJoiner,
}

#[derive(Clone)]
enum Item {
    Frame(Sent),
    /// What has arrived already.
    Again(Sent),
    Cut,
    Connected,
}

/// A message of the publisher.
#[derive(Clone)]
struct Sent {
    /// Tells it from all others.
    number: u64,
    /// The life of the owner that it is of.
    life: usize,
    frame: Bytes,
}

enum OwnerLife<R> {
    Own(Box<OwnLife<R>>),
    Old(OldLife),
}

struct Node<R> {
    copy: Copy<R>,
    /// Tells what was under way to a copy before it was restarted.
    life: u64,
    inbox: VecDeque<Item>,
    is_busy: bool,
    shown: Shown,
    /// The last arrival on the subscriber: nothing overtakes it.
    last_arrival: Time,
    last_life: usize,
    /// The messages that have arrived.
    arrived: HashSet<u64>,
    /// Nothing of the publisher arrives; nobody is told.
    is_half_open: bool,
    is_cut: bool,
    requests_are_cut: bool,
}

pub(crate) struct World<R> {
    rules: R,
    form: Form,
    chance: Chance,
    faults: Faults,
    base: Instant,
    now: Time,
    /// How much the wall clock is ahead.
    clock: Time,
    events: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    owner: Option<OwnerLife<R>>,
    nodes: Vec<Node<R>>,
    history: History,
    unique: u64,
}

impl<R: Rules + Clone> World<R> {
    pub(crate) fn new(seed: u64, rules: R) -> Self {
        let mut chance = Chance::new(seed);
        let forms = [Form::Delta, Form::Delta, Form::Deep, Form::DeltaWithSnapshots, Form::Full, Form::Old];
        let form = forms[chance.below(forms.len() as u64) as usize];
        let mut one_of = |choices: &[u64]| choices[chance.below(choices.len() as u64) as usize];
        let faults = Faults {
            loss: one_of(&[0, 5, 20, 100]),
            twice: one_of(&[0, 5, 50]),
            reply_loss: one_of(&[0, 3, 10]),
            busy: one_of(&[0, 5, 30]),
            trouble: one_of(&[0, 700, 2_000, 5_000]) * MILLISECOND,
            delay: one_of(&[1, 50, 400]) * MILLISECOND,
        };
        let mut world = Self {
            rules,
            form,
            chance,
            faults,
            base: Instant::now(),
            now: 0,
            clock: 1_000 * SECOND,
            events: BTreeMap::new(),
            sequence: 0,
            owner: None,
            nodes: Vec::new(),
            history: History::default(),
            unique: 0,
        };
        let copies = world.chance.between(1, 4);
        for _ in 0..copies {
            let node = world.node();
            world.nodes.push(node);
        }
        let comes = world.chance.below(2 * SECOND);
        world.after(comes, Event::OwnerComes);
        world.after(0, Event::Act);
        world.after(0, Event::Trouble);
        if world.chance.once_in(3) {
            world.after(CHAOS - 800 * MILLISECOND, Event::LateJoiner);
        }
        world
    }

    fn node(&mut self) -> Node<R> {
        let settings = CopySettings {
            kind: self.form.kind(),
            topic: None,
            stale_after: None,
            on_stale: OnStale::Serve,
            buffer_messages: BUFFER_MESSAGES,
            buffer_bytes: BUFFER_BYTES,
            settle: Duration::from_millis(50),
            request_timeout: Duration::from_secs(1),
            retry_first: Duration::from_millis(20),
            retry_most: Duration::from_secs(1),
            attempts: 4,
            rebuild_after: Duration::from_secs(2),
            keeps_changes: true,
        };
        let mut copy = Copy::new(self.rules.clone(), settings, self.form.validator(), self.chance.next());
        copy.start(self.instant());
        Node {
            copy,
            life: self.chance.next(),
            inbox: VecDeque::new(),
            is_busy: false,
            shown: Shown::default(),
            last_arrival: self.now,
            last_life: 0,
            arrived: HashSet::new(),
            is_half_open: false,
            is_cut: false,
            requests_are_cut: false,
        }
    }

    fn instant(&self) -> Instant {
        self.base + Duration::from_micros(self.now)
    }

    fn time_of(&self, instant: Instant) -> Time {
        instant.saturating_duration_since(self.base).as_nanos().div_ceil(1_000) as Time
    }

    fn after(&mut self, time: Time, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + time, self.sequence), event);
    }

    fn is_chaos(&self) -> bool {
        self.now < CHAOS
    }

    fn delay(&mut self) -> Time {
        self.chance.between(1, self.faults.delay)
    }

    /// Runs to the end of time, or to the first promise that is broken.
    pub(crate) fn run(mut self) -> Result<(), Broken> {
        let (mut steps, mut at) = (0_u64, 0);
        let mut was_chaos = true;
        loop {
            let event = self.events.first_key_value().map(|((time, _), _)| *time);
            let timer = self.next_timer();
            let Some(next) = event.into_iter().chain(timer).min() else { break };
            if next >= END {
                break;
            }
            self.now = next.max(self.now);
            steps = if self.now == at { steps + 1 } else { 0 };
            at = self.now;
            if steps > 10_000 {
                return Err(Broken { promise: "progress", how: "time stands still".into() });
            }
            if was_chaos && !self.is_chaos() {
                was_chaos = false;
                self.become_calm();
            }
            if event == Some(next)
                && let Some((_, event)) = self.events.pop_first()
            {
                self.handle(event)?;
            } else {
                self.handle_timers()?;
            }
            self.check_all()?;
        }
        self.now = END;
        self.check_end()
    }

    /// The next timer of those that are not busy.
    fn next_timer(&self) -> Option<Time> {
        let owner = if let Some(OwnerLife::Own(owner)) = &self.owner { owner.life.poll_timeout() } else { None };
        let copies = self.nodes.iter().filter(|node| !node.is_busy).filter_map(|node| node.copy.poll_timeout());
        copies.chain(owner).map(|at| self.time_of(at)).min()
    }

    fn handle_timers(&mut self) -> Result<(), Broken> {
        let now = self.instant();
        if let Some(OwnerLife::Own(owner)) = &mut self.owner
            && owner.life.poll_timeout().is_some_and(|at| at <= now)
        {
            owner.handle_timeout(now);
            self.publish_all();
        }
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            if !node.is_busy && node.copy.poll_timeout().is_some_and(|at| at <= now) {
                node.copy.handle_timeout(now);
                self.pump(place)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::OwnerComes => self.owner_comes(),
            // The last of all troubles, which no other one heals.
            Event::LateJoiner => self.late_joiner(0)?,
            Event::OwnerGoes if self.is_chaos() => self.owner_goes()?,
            Event::Act => {
                self.act();
                let burst = self.chance.once_in(3);
                let wait =
                    if burst { self.chance.below(20 * MILLISECOND) } else { self.chance.below(600 * MILLISECOND) };
                if self.now + wait < CALM {
                    self.after(wait, Event::Act);
                }
            }
            Event::Trouble => {
                if self.faults.trouble > 0 && self.is_chaos() {
                    self.trouble()?;
                    let wait = self.chance.between(1, self.faults.trouble);
                    self.after(wait, Event::Trouble);
                }
            }
            Event::Arrive { copy, life, item } if self.nodes[copy].life == life => {
                let node = &mut self.nodes[copy];
                if node.inbox.len() < INBOX || matches!(item, Item::Cut | Item::Connected) {
                    node.inbox.push_back(item);
                }
                self.work(copy)?;
            }
            Event::Request { copy, life, ticket, frame } => self.request(copy, life, ticket, &frame),
            Event::Reply { copy, life, ticket, frame } if self.nodes[copy].life == life => {
                let now = self.instant();
                let node = &mut self.nodes[copy];
                match frame {
                    Some(frame) => node.copy.handle_reply(ticket, &frame, now),
                    None => node.copy.handle_failure(ticket, now),
                }
                self.check_shown(copy)?;
                self.pump(copy)?;
            }
            Event::Wake { copy, life } if self.nodes[copy].life == life => {
                self.nodes[copy].is_busy = false;
                let now = self.instant();
                self.nodes[copy].copy.handle_timeout(now);
                self.work(copy)?;
            }
            // Of a copy that is no more.
            Event::Arrive { .. } | Event::Reply { .. } | Event::Wake { .. } | Event::OwnerGoes => {}
        }
        Ok(())
    }

    fn owner_comes(&mut self) {
        if self.owner.is_some() {
            return;
        }
        let epoch = self.chance.next();
        let now = self.instant();
        if self.form == Form::Old {
            self.history.begin(epoch, 0);
            self.owner = Some(OwnerLife::Old(OldLife::default()));
        } else {
            let first = self.now + self.clock;
            self.history.begin(epoch, first);
            let mut owner = OwnLife::new(self.rules.clone(), self.form, epoch, first, &mut self.chance);
            owner.start(now);
            self.owner = Some(OwnerLife::Own(Box::new(owner)));
        }
        for place in 0..self.nodes.len() {
            self.reconnect(place);
        }
        self.publish_all();
    }

    /// The owner dies, or stops as it should.
    fn owner_goes(&mut self) -> Result<(), Broken> {
        let (stops, now) = (self.chance.once_in(3), self.instant());
        if let Some(OwnerLife::Own(owner)) = &mut self.owner {
            if stops {
                owner.end();
            }
            let checked = owner.check_encodings(now);
            self.publish_all();
            checked?;
        }
        if self.owner.take().is_some() {
            self.history.end(self.now);
            for place in 0..self.nodes.len() {
                // A dead machine closes no connection.
                if self.form == Form::Old || self.chance.once_in(2) {
                    self.send_item(place, Item::Cut);
                }
            }
            let down = if self.chance.once_in(2) { 100 * MILLISECOND } else { 3 * SECOND };
            let down = self.chance.below(down);
            self.after(down, Event::OwnerComes);
        }
        Ok(())
    }

    fn act(&mut self) {
        let now = self.instant();
        self.unique += 1;
        let (unique, chance) = (self.unique, &mut self.chance);
        match &mut self.owner {
            Some(OwnerLife::Own(owner)) => {
                owner.act(unique, chance, now);
                self.publish_all();
            }
            Some(OwnerLife::Old(owner)) => {
                let frame = owner.act(unique, chance);
                self.send_all(&frame);
            }
            None => {}
        }
    }

    /// The copy takes all that has arrived, unless its service is busy; then the service is told once.
    fn work(&mut self, place: usize) -> Result<(), Broken> {
        if self.nodes[place].is_busy {
            return Ok(());
        }
        let now = self.instant();
        while let Some(item) = self.nodes[place].inbox.pop_front() {
            let node = &mut self.nodes[place];
            match item {
                Item::Cut => node.copy.handle_disconnected(now),
                Item::Connected => node.copy.handle_connected(now),
                Item::Frame(sent) => {
                    node.last_life = sent.life;
                    node.arrived.insert(sent.number);
                    node.copy.handle_frame(sent.frame, now);
                }
                // Without epochs nobody can tell what is heard again of a life that is over.
                Item::Again(sent) if self.form == Form::Old && sent.life < node.last_life => {}
                Item::Again(sent) if node.arrived.contains(&sent.number) => node.copy.handle_frame(sent.frame, now),
                Item::Again(_) => {}
            }
            self.check_shown(place)?;
        }
        self.pump(place)?;
        if self.nodes[place].copy.take_changes().is_some() && self.is_chaos() && self.chance.once_in(self.faults.busy) {
            let busy = self.chance.below(MOST_BUSY);
            self.nodes[place].is_busy = true;
            self.after(busy, Event::Wake { copy: place, life: self.nodes[place].life });
        }
        Ok(())
    }

    /// What the copy wants done is done.
    fn pump(&mut self, place: usize) -> Result<(), Broken> {
        let now = self.instant();
        while let Some(request) = self.nodes[place].copy.poll_request(now) {
            let (delay, life) = (self.delay(), self.nodes[place].life);
            let (ticket, frame) = (request.ticket, request.frame);
            self.after(delay, Event::Request { copy: place, life, ticket, frame });
        }
        for _ in 0..10 {
            match self.nodes[place].copy.poll_event(now) {
                None => return Ok(()),
                Some(CopyEvent::Status(_)) => {}
                Some(CopyEvent::Rebuild) => self.reconnect(place),
            }
        }
        Err(Broken { promise: "progress", how: "events without an end".into() })
    }
}
