//! The loop of service mode: collect, handle, answer, and the same once more when the service stops.
//!
//! Owns the order of a pass. Where the sockets live is the [`Place`]'s business, what a message does the dispatcher's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::replyer;

use crate::dispatch::Dispatcher;
use crate::io::Arrived;
use crate::placement::Place;
use crate::running::RunError;

/// How long answers wait for more of their kind; they wait for the function that is running in any case.
const BATCH_TIME: Duration = Duration::from_micros(100);

/// How often a stopping service lets its sockets read once more: what a peer had sent before is answered.
const LAST_TURNS: usize = 4;
/// How long it goes on with that at most: a peer may send faster than it is turned away.
const LAST_TIME: Duration = Duration::from_millis(100);

/// The loop's buffers.
#[derive(Default)]
pub(crate) struct ServiceLoop {
    batch: Vec<Arrived>,
    out: Vec<u8>,
}

impl ServiceLoop {
    /// Runs one pass of the loop: waits for messages or a timer, runs the timers that are due, and handles what is
    /// queued, at most one batch of each connection in turn.
    ///
    /// # Errors
    /// The failure of a function, if the service stops on it, or that a copy is stale. What is left of the batch is
    /// turned away.
    pub(crate) fn pass(&mut self, dispatcher: &mut Dispatcher, place: &mut dyn Place) -> Result<(), RunError> {
        let Self { batch, out } = self;
        place.collect(batch, dispatcher.next_timeout());
        // What had been sent by now is in the batch: no owner of a copy has been silent for longer, however long the
        // functions that are called now take.
        let now = place.now();
        let mut failed = if dispatcher.is_stopping() { None } else { dispatcher.run_timers(place).err() };
        let mut batch = batch.drain(..).peekable();
        // A message that came alone is answered by the next pass, which sends at once.
        let mut sent_last = (batch.len() > 1).then(Instant::now);
        while let Some(arrived) = batch.next() {
            if failed.is_some() || dispatcher.is_stopping() {
                turn_away(dispatcher, arrived, place, out);
                continue;
            }
            if dispatcher.is_state(arrived.place) {
                let at = arrived.place;
                dispatcher.update(at, arrived.content, now);
                // What came together for one copy is told together.
                if batch.peek().is_some_and(|next| next.place != at) {
                    failed = dispatcher.drive_copies(place, now).err();
                }
                continue;
            }
            // A subscriber's queue may have dropped what was there when it was collected.
            let Some(frames) = arrived.content.take() else { continue };
            let handled = dispatcher.handle(arrived.place, &frames, place, out);
            if let Some(route) = handled.route {
                place.answer(arrived.socket, replyer::answer(route, Bytes::copy_from_slice(out)));
            }
            failed = handled.stop.and_then(|failure| dispatcher.ends_with(failure));
            if let Some(sent_last) = &mut sent_last
                && place.wants_a_turn()
                && sent_last.elapsed() > BATCH_TIME
            {
                place.flush();
                *sent_last = Instant::now();
            }
        }
        if failed.is_none() && !dispatcher.is_stopping() {
            failed = dispatcher.drive_copies(place, now).err();
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sends what waits, and turns away what has arrived and was not handled: the service is stopping.
    pub(crate) fn turn_away(&mut self, dispatcher: &mut Dispatcher, place: &mut dyn Place) {
        let Self { batch, out } = self;
        let until = Instant::now() + LAST_TIME;
        for _ in 0..LAST_TURNS {
            place.flush();
            while place.sweep(batch) {
                for arrived in batch.drain(..) {
                    turn_away(dispatcher, arrived, place, out);
                }
                place.flush();
                if Instant::now() >= until {
                    return;
                }
            }
        }
    }
}

fn turn_away(dispatcher: &mut Dispatcher, arrived: Arrived, place: &mut dyn Place, out: &mut Vec<u8>) {
    let Some(frames) = arrived.content.take() else { return };
    if let Some(route) = dispatcher.turn_away(arrived.place, &frames, out) {
        place.answer(arrived.socket, replyer::answer(route, Bytes::copy_from_slice(out)));
    }
}
