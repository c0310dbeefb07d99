//! A message from another service on the same thread: from its slots to the function and back, never written.
//!
//! Owns that way, and that what comes back by it is to the letter what would come back by a socket. Never finds the other
//! service: whoever calls knows it.

use std::cell::RefCell;

use service_framework_connections::Inbound;
use service_framework_connections::workflow::Chain;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::validator::{Carried, Validator};
use service_framework_model::wire::envelope::WorkflowId;

use super::{Dispatcher, answered, reset};
use crate::boundary::{Called, Failure, Port, Reply, Run, Way};
use crate::logging;

/// From this many bytes of text on, a message of a service on the same thread is written all the same: how long that
/// makes it decides whether it may be sent.
const LONG: usize = 1 << 20;

/// What both ends of a relation declare alike.
#[derive(Debug)]
pub(crate) struct Models {
    pub(crate) arguments: Validator,
    pub(crate) returns: Validator,
}

impl Dispatcher {
    /// Handles a message of a service on the same thread, which was never written: `models` are those of both. What comes
    /// back, or what goes wrong, is to the letter what would over a socket. The failure on which this service is to stop
    /// is returned beside it.
    pub(crate) fn handle_call(
        &mut self,
        place: usize,
        (models, slots): (&Models, &[ForeignSlot<'_>]),
        id: &WorkflowId<'_>,
        port: &mut dyn Port,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Option<(Called, Option<Failure>)> {
        let Self { wiring, control, instance, arena, kept, copies, timers, has_loop, sender, watch, .. } = self;
        let stops_on_error = self.stops_on_error;
        reset(arena);
        let (name, inbound, counters) = wiring.inbound(place)?;
        let arguments = match models.arguments.carry(slots, arena) {
            Ok(Carried { bytes, .. }) if bytes > LONG => return None,
            Ok(Carried { slots, .. }) => slots,
            Err(refusal) => return Some((Called::Refused(refusal), None)),
        };
        counters.received();
        let _context = logging::workflow(id);
        let mut run = Run::new(wiring, control, port, Chain::of_message(id));
        (run.timers, run.sender) = (has_loop.then_some(timers), Some(&*sender));
        (run.copies, run.kept, run.message) = (Some(&*copies), Some(kept), Some(id));
        if inbound.returns() {
            let nothing = Carried { slots: &[], bytes: 0 };
            let way = Way::Slots { returns: &models.returns, arena, carried: nothing };
            run.reply = Some(Reply { inbound, id, way, written: false });
        }
        // There are fewer connections than 2^31: each stands in a model of bounded size.
        let function = place as u32;
        let cell = RefCell::new(run);
        watch.enter(function);
        let outcome = instance.call(function, arguments, &cell);
        watch.leave();
        let outcome = match cell.into_inner().reply {
            Some(Reply { way: Way::Slots { carried, .. }, written, .. }) => outcome.and_then(|()| {
                let size = if carried.bytes > LONG { written_size(inbound, carried.slots, id) } else { 0 };
                answered(written, size, wiring.longest())?;
                counters.sent();
                returned(carried.slots);
                Ok(())
            }),
            _ => outcome,
        };
        let Err(failure) = outcome else { return Some((Called::Over(Ok(())), None)) };
        counters.dropped(failure.countable());
        logging::failed(name, &failure.code, &failure.message);
        let told = if inbound.returns() {
            counters.sent();
            Err(Failure::of_remote(&failure.to_remote()))
        } else {
            Ok(())
        };
        let stop = (stops_on_error && !failure.is_callers()).then_some(failure);
        Some((Called::Over(told), stop))
    }
}

/// How many bytes an answer has when it is written.
#[cold]
fn written_size(inbound: &dyn Inbound, slots: &[Slot<'_>], id: &WorkflowId<'_>) -> usize {
    let mut out = Vec::new();
    // It was checked a moment ago.
    let _ = inbound.write_return(Slot::as_foreign(slots), id, &mut out);
    out.len()
}
