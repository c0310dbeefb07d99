//! What a thread of the service's author may do at any time: send, and learn that the service stops.
//!
//! Owns the handle that such threads hold. Validates and encodes on their thread; the service's sockets do the rest.

use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Instant;

use service_framework_connections::requests::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_model::slot::{ForeignSlot, Slot};
use uuid::Uuid;

use super::Failure;
use super::outgoing::{Kept, Outgoing};
use crate::control::{Control, later};
use crate::io::Postbox;
use crate::wiring::Wiring;

/// A way to a service's sockets that outlives the call in which it was made.
pub(crate) struct Sender {
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    pub(crate) postbox: Postbox,
    /// The thread of the service's own functions, which would wait for itself.
    pub(crate) own_thread: ThreadId,
}

impl Sender {
    /// Sends, and blocks the thread until that is done. Each send begins a workflow of its own.
    pub(super) fn send(
        &self,
        place: u32,
        slots: &[ForeignSlot<'_>],
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Result<(), Failure> {
        if std::thread::current().id() == self.own_thread {
            let message = "a Sender was used on the service's own thread, which would wait for itself: \
                           send with the context of the call instead";
            return Err(Failure::new("wrong_thread", message));
        }
        if self.should_stop() {
            return Err(Unanswered::Stopping.into());
        }
        let id = Chain::each_its_own().next(Uuid::new_v4);
        let id = id.map_err(|refusal| Failure::of_own("bad_workflow_id", &refusal))?;
        let place = place as usize;
        let mut kept = Kept::default();
        let outgoing = Outgoing::write(&self.wiring, place, slots, &id, &mut kept)?;
        let Some(timeout) = outgoing.return_timeout() else {
            let posted = self.postbox.publish(place, kept.written);
            return posted.map_err(|unsent| outgoing.unsent(unsent));
        };
        let deadline = later(Instant::now(), timeout);
        let answer = self.postbox.request(place, kept.written.into(), deadline);
        outgoing.settle(answer, &mut kept.arena, returned)
    }

    /// Whether the service has been asked to stop, or has ended.
    pub(super) fn should_stop(&self) -> bool {
        self.control.is_stopping() || self.postbox.is_closed()
    }
}
