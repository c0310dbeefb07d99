//! The loop of service mode: collect, handle, answer, and the same once more when the service stops.
//!
//! Owns the order of a pass. Where the sockets live is the [`Place`]'s business, what a message does the dispatcher's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::{Frames, replyer};
use service_framework_model::wire::Room;

use crate::dispatch::{Dispatcher, Handled};
use crate::io::Arrived;
use crate::placement::Place;
use crate::running::RunError;

/// How long answers wait for more of their kind; they wait for the function that is running in any case.
const BATCH_TIME: Duration = Duration::from_micros(100);

/// How often a stopping service lets its sockets read once more: what a peer had sent before is answered.
const LAST_TURNS: usize = 4;
/// How long it goes on with that at most: a peer may send faster than it is turned away.
const LAST_TIME: Duration = Duration::from_millis(100);

/// After how many messages the clock is looked at, at the latest: it costs as much as a part of handling one.
const MOST_UNSEEN: u32 = 16;

/// Tells when answers have waited for long enough. It looks at the clock seldom while functions are fast; one that has
/// become slow holds up what the few before it have answered.
struct Pace {
    sent_last: Instant,
    seen_last: Instant,
    /// How many messages are handled between two looks at the clock, and how many of them are left.
    stride: u32,
    left: u32,
}

impl Pace {
    fn begin() -> Self {
        let now = Instant::now();
        Self { sent_last: now, seen_last: now, stride: 1, left: 1 }
    }

    /// A message was handled. Whether those before it have waited for long enough.
    fn is_due(&mut self) -> bool {
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        let now = Instant::now();
        let took = now - self.seen_last;
        // Twice as many messages next time, if they are sure to take little of the time that there is.
        let is_fast = took < BATCH_TIME / 8;
        self.stride = if is_fast { (self.stride * 2).min(MOST_UNSEEN) } else { 1 };
        (self.seen_last, self.left) = (now, self.stride);
        now - self.sent_last > BATCH_TIME
    }
}

/// The loop's buffers.
pub(crate) struct ServiceLoop {
    batch: Vec<Arrived>,
    out: Vec<u8>,
    room: Room,
}

impl Default for ServiceLoop {
    fn default() -> Self {
        Self { batch: Vec::new(), out: Vec::new(), room: Room::of_few() }
    }
}

impl ServiceLoop {
    /// Runs one pass of the loop: waits for messages or a timer, runs the timers that are due, and handles what is
    /// queued, at most one batch of each connection in turn.
    ///
    /// # Errors
    /// The failure of a function, if the service stops on it, or that a copy is stale. What is left of the batch is
    /// turned away.
    pub(crate) fn pass(&mut self, dispatcher: &mut Dispatcher, place: &mut dyn Place) -> Result<(), RunError> {
        let Self { batch, out, room } = self;
        place.collect(batch, dispatcher.next_timeout());
        // What had been sent by now is in the batch: no owner of a copy has been silent for longer, however long the
        // functions that are called now take.
        let now = dispatcher.has_copies().then(|| place.now());
        let mut failed = if dispatcher.is_stopping() { None } else { dispatcher.run_timers(place).err() };
        // A message that came alone is answered by the next pass, which sends at once.
        let count: usize = batch.iter().map(|arrived| arrived.content.messages()).sum();
        let mut pace = (count > 1).then(Pace::begin);
        for number in 0..batch.len() {
            let next = batch.get(number + 1).map(|next| next.place);
            let Some(Arrived { socket, place: at, content }) = batch.get_mut(number) else { break };
            let (socket, at) = (*socket, *at);
            if let Some(now) = now
                && failed.is_none()
                && !dispatcher.is_stopping()
                && dispatcher.is_state(at)
            {
                dispatcher.update(at, content, now);
                // What came together for one copy is told together.
                if next.is_some_and(|next| next != at) {
                    failed = dispatcher.drive_copies(place, now).err();
                }
                continue;
            }
            while let Some(mut frames) = content.take() {
                if failed.is_some() || dispatcher.is_stopping() {
                    turn_away(dispatcher, (socket, at), frames, place, (out, room));
                    continue;
                }
                let Handled { route, stop, .. } = dispatcher.handle(at, &frames, place, out);
                if let Some(route) = route.map(<[Bytes]>::len) {
                    replyer::answer(&mut frames, route, room.take(out));
                    place.answer(socket, frames);
                }
                failed = stop.and_then(|failure| dispatcher.ends_with(failure));
                if let Some(pace) = &mut pace
                    && place.wants_a_turn()
                    && pace.is_due()
                {
                    place.flush();
                    *pace = Pace::begin();
                }
            }
        }
        batch.clear();
        if let Some(now) = now
            && failed.is_none()
            && !dispatcher.is_stopping()
        {
            failed = dispatcher.drive_copies(place, now).err();
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sends what waits, and turns away what has arrived and was not handled: the service is stopping.
    pub(crate) fn turn_away(&mut self, dispatcher: &mut Dispatcher, place: &mut dyn Place) {
        let Self { batch, out, room } = self;
        let until = Instant::now() + LAST_TIME;
        for _ in 0..LAST_TURNS {
            place.flush();
            while place.sweep(batch) {
                for Arrived { socket, place: at, mut content } in batch.drain(..) {
                    while let Some(frames) = content.take() {
                        turn_away(dispatcher, (socket, at), frames, place, (out, room));
                    }
                }
                place.flush();
                if Instant::now() >= until {
                    return;
                }
            }
        }
    }
}

fn turn_away(
    dispatcher: &mut Dispatcher,
    (socket, at): (usize, usize),
    mut frames: Frames,
    place: &mut dyn Place,
    (out, room): (&mut Vec<u8>, &mut Room),
) {
    if let Some(route) = dispatcher.turn_away(at, &frames, out).map(<[Bytes]>::len) {
        replyer::answer(&mut frames, route, room.take(out));
        place.answer(socket, frames);
    }
}
