//! The copies that a service holds, on its own thread.
//!
//! Owns the copies, what their machines ask of the sockets, and what is told to the service's functions. An update is
//! applied between two calls of the service's code, never during one.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::wire::Arena;
use service_framework_plugin::abi;
use service_framework_states::copy::{Copy, Counts, Event, Status};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::OnStale;
use uuid::Uuid;

use super::reading::Readable;
use super::{Part, Span, read_value};
use crate::boundary::Failure;
use crate::counters::Counters;
use crate::logging;
use crate::running::RunError;
use crate::wiring::Wiring;

/// The copies of a service, by the place of their states among all of its connections and states.
#[derive(Default)]
pub(crate) struct Copies {
    copies: Vec<Held>,
    wiring: Arc<Wiring>,
}

/// A copy.
struct Held {
    place: usize,
    copy: Copy,
    /// Whether a function is told of changes.
    has_function: bool,
    /// Whether there is something to tell it.
    has_news: bool,
    /// What the service's code saw of it last, when it asked.
    seen: Cell<Option<Status>>,
    /// What of its counts is in the counters by now.
    counted: Counts,
    /// Whether the service is to stop: its copy is stale.
    is_to_stop: bool,
}

/// What a copy asks of its sockets.
pub(crate) enum Asked {
    /// Send this request for a snapshot.
    Snapshot { ticket: u64, frame: Bytes },
    /// Make the sockets anew.
    Rebuild,
}

/// What a function is to be told of a copy: the arguments of its call.
pub(crate) struct Told {
    pub(crate) place: usize,
    changed: Option<service_framework_states::copy::Changed>,
}

impl Copies {
    pub(crate) fn new(wiring: &Arc<Wiring>) -> Self {
        let copies = wiring.states().filter_map(|(place, state)| {
            let Part::Copy(settings) = &state.part else { return None };
            let (seed, _) = Uuid::new_v4().as_u64_pair();
            let has_function = settings.keeps_changes;
            let copy = Copy::new(Protocol, settings.clone(), Arc::clone(&state.validator), seed);
            let counted = Counts::default();
            let seen = Cell::default();
            Some(Held { place, copy, has_function, has_news: false, seen, counted, is_to_stop: false })
        });
        Self { copies: copies.collect(), wiring: Arc::clone(wiring) }
    }

    /// Whether there are any.
    pub(crate) const fn any(&self) -> bool {
        !self.copies.is_empty()
    }

    /// The sockets are there.
    pub(crate) fn start(&mut self, now: Instant) {
        self.copies.iter_mut().for_each(|held| held.copy.start(now));
    }

    fn find(&mut self, place: usize) -> Option<&mut Held> {
        self.copies.iter_mut().find(|held| held.place == place)
    }

    /// A message of the owner's publisher.
    pub(crate) fn handle_frames(&mut self, place: usize, frames: &Frames, now: Instant) {
        let wiring = Arc::clone(&self.wiring);
        let (Some(held), Some(counters)) = (self.find(place), wiring.counters(place)) else { return };
        counters.received();
        match frames.as_slice() {
            [frame] => held.copy.handle_frame(frame.clone(), now),
            _ => counters.dropped("extra_frames"),
        }
    }

    /// The answer to a request for a snapshot, or why there is none.
    pub(crate) fn handle_answer(
        &mut self,
        place: usize,
        ticket: u64,
        answer: &Result<Bytes, Unanswered>,
        now: Instant,
    ) {
        let Some(held) = self.find(place) else { return };
        match answer {
            Ok(frame) => held.copy.handle_reply(ticket, frame, now),
            Err(_) => held.copy.handle_failure(ticket, now),
        }
    }

    /// The connection to the owner's publisher was lost, or is there again.
    pub(crate) fn handle_peers(&mut self, place: usize, ready: usize, lost: usize, now: Instant) {
        let Some(held) = self.find(place) else { return };
        if lost > 0 || ready == 0 {
            held.copy.handle_disconnected(now);
        }
        if ready > 0 {
            held.copy.handle_connected(now);
        }
    }

    /// When [`Copies::drive`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.copies.iter().filter_map(|held| held.copy.poll_timeout()).min()
    }

    /// Lets time pass, and hands on what the copies ask of their sockets.
    ///
    /// # Errors
    /// If a copy has become stale that the service is not to go on without.
    pub(crate) fn drive(&mut self, now: Instant, mut ask: impl FnMut(usize, Asked)) -> Result<(), RunError> {
        let Self { copies, wiring } = self;
        for held in copies {
            held.copy.handle_timeout(now);
            while let Some(event) = held.copy.poll_event(now) {
                match event {
                    Event::Status(status) => held.heed(status, wiring),
                    Event::Rebuild => ask(held.place, Asked::Rebuild),
                }
            }
            // A function that took long may have seen the copy stale, which it was not as of this time.
            held.has_news |= held.seen.take().is_some_and(|seen| seen != held.copy.status(now));
            while let Some(request) = held.copy.poll_request(now) {
                ask(held.place, Asked::Snapshot { ticket: request.ticket, frame: request.frame });
            }
            if let Some(counters) = wiring.counters(held.place) {
                held.count(counters, wiring.name(held.place));
            }
            if std::mem::take(&mut held.is_to_stop) {
                return Err(RunError::Stale(wiring.name(held.place).to_owned()));
            }
        }
        Ok(())
    }

    /// What a function is to be told next.
    pub(crate) fn poll_told(&mut self) -> Option<Told> {
        self.copies.iter_mut().find_map(|held| {
            let changed = held.copy.take_changes();
            let is_new = std::mem::take(&mut held.has_news) || changed.is_some();
            (is_new && held.has_function).then_some(Told { place: held.place, changed })
        })
    }

    /// How good a copy is.
    pub(crate) fn status(&self, place: usize, now: Instant) -> Option<abi::StateStatus> {
        let held = self.copies.iter().find(|held| held.place == place)?;
        let (copy, status) = (&held.copy, held.seen_at(now));
        let condition = match status {
            Status::Absent => abi::STATE_ABSENT,
            Status::Syncing => abi::STATE_SYNCING,
            Status::Live | Status::LiveUnverified => abi::STATE_LIVE,
            Status::Stale => abi::STATE_STALE,
            Status::Resyncing => abi::STATE_RESYNCING,
            Status::Failed => abi::STATE_FAILED,
        };
        let held = copy.held();
        let (epoch, number) = held.map_or((None, None), |held| (held.epoch, held.number));
        let age = copy.age(now).map_or(u64::MAX, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        let counts = copy.counts();
        Some(abi::StateStatus {
            condition,
            flags: if epoch.is_some() { abi::STATE_IS_VERIFIED } else { 0 },
            epoch: epoch.unwrap_or(0),
            number: number.unwrap_or(0),
            age,
            missed: counts.missed,
            merged: counts.merged,
            ignored: counts.ignored,
            keys: copy.tree().top().len() as u64,
        })
    }

    /// Reads what a path leads to in a copy; nothing if it has no value yet.
    pub(crate) fn read(
        &self,
        place: usize,
        path: &[ForeignSlot<'_>],
        now: Instant,
        read: &mut dyn FnMut(&Slot<'_>),
    ) -> Result<(), Failure> {
        let Some(readable) = self.readable(place, now)? else { return Ok(()) };
        read_value(readable, path, &Arena::new(), read)
    }

    /// Goes through the entries of a map in a copy.
    pub(crate) fn entries(
        &self,
        place: usize,
        span: Span<'_>,
        now: Instant,
        write: &mut dyn FnMut(&Slot<'_>, &Slot<'_>) -> bool,
    ) -> Result<(), Failure> {
        let Some(readable) = self.readable(place, now)? else { return Ok(()) };
        let entries = readable.entries(span, &Arena::new(), write);
        entries.map_err(|refusal| Failure::of_own("bad_path", &refusal))
    }

    fn readable(&self, place: usize, now: Instant) -> Result<Option<Readable<'_>>, Failure> {
        let Some(held) = self.copies.iter().find(|held| held.place == place) else { return Ok(None) };
        let copy = &held.copy;
        if copy.settings().on_stale == OnStale::Refuse
            && !matches!(held.seen_at(now), Status::Live | Status::LiveUnverified)
            && copy.held().is_some()
        {
            let name = self.wiring.name(place);
            let message = format!("the state `{name}` is not live, and its model says not to read it then");
            return Err(Failure::new("stale", message));
        }
        Ok(copy.held().map(|_| Readable { tree: copy.tree(), validator: copy.validator() }))
    }
}

impl Held {
    /// The status that the service's code sees.
    fn seen_at(&self, now: Instant) -> Status {
        let status = self.copy.status(now);
        self.seen.set(Some(status));
        status
    }

    fn heed(&mut self, status: Status, wiring: &Wiring) {
        let name = wiring.name(self.place);
        match status {
            Status::Stale if self.copy.has_ended() => {
                tracing::info!("the copy of `{name}` is stale: its owner has stopped");
            }
            Status::Stale => tracing::warn!("the copy of `{name}` is stale: its owner is not heard"),
            Status::Failed => tracing::warn!("the copy of `{name}` gets no snapshot: it goes on asking, slowly"),
            Status::LiveUnverified => tracing::info!("the copy of `{name}` is live, as far as its owner shows"),
            Status::Live => tracing::info!("the copy of `{name}` is live"),
            Status::Absent | Status::Syncing | Status::Resyncing => tracing::debug!("the copy of `{name}`: {status:?}"),
        }
        self.has_news = true;
        self.is_to_stop |= status == Status::Stale && self.copy.settings().on_stale == OnStale::Stop;
    }

    /// Counts what has gone wrong since this was called before.
    fn count(&mut self, counters: &Counters, name: &str) {
        let (now, before) = (*self.copy.counts(), self.counted);
        if now == before {
            return;
        }
        self.counted = now;
        for (reason, now, before) in [
            ("missed", now.missed, before.missed),
            ("repeated", now.ignored, before.ignored),
            ("refused", now.refused, before.refused),
            ("buffer_full", now.overflows, before.overflows),
            ("digest_mismatch", now.digest_mismatches, before.digest_mismatches),
        ] {
            counters.dropped_many(reason, now.saturating_sub(before));
        }
        for _ in before.requests..now.requests {
            counters.sent();
        }
        if now.missed > before.missed {
            logging::missed(name, now.missed - before.missed);
        }
        if now.refused > before.refused {
            logging::refused_by_copy(name, now.refused - before.refused);
        }
    }
}

impl Told {
    /// The arguments of the call.
    pub(crate) fn slots<'a>(&'a self, arena: &'a Arena) -> [Slot<'a>; 4] {
        let number = |number: Option<u64>| number.map_or(Slot::NIL, Slot::uint);
        let Some(changed) = &self.changed else {
            return [Slot::bool(false), Slot::NIL, Slot::NIL, Slot::list(&[])];
        };
        let path = |key: &'a service_framework_model::state::Key| {
            Slot::list(std::slice::from_ref(arena.alloc(key.as_key().to_slot(arena))))
        };
        let keys = changed.keys.as_deref().unwrap_or_default();
        let paths = Slot::list(arena.alloc_slice_fill_iter(keys.iter().map(path)));
        [Slot::bool(changed.keys.is_none()), number(changed.from), number(changed.to), paths]
    }
}
