//! What is promised of the world after every step, and of its end.

use service_framework_model::dynamic::Arena;
use service_framework_model::wire::Reader;
use service_framework_states::tree::of_whole;

use super::*;
use crate::invariants::check_live;

impl<R: Rules + Clone> World<R> {
    pub(super) fn check_shown(&mut self, place: usize) -> Result<(), Broken> {
        let node = &mut self.nodes[place];
        let Some(held) = node.copy.held() else { return Ok(()) };
        node.shown.check(&self.history, held, &content(node.copy.tree()))
    }

    pub(super) fn check_all(&self) -> Result<(), Broken> {
        let now = self.instant();
        let bound = 3 * HEARTBEAT.as_micros() as Time + MOST_DELAY + MOST_BUSY + 100 * MILLISECOND;
        for node in &self.nodes {
            let live = check_live(&self.history, node.copy.status(now), node.copy.held(), self.now, bound);
            live.map_err(|Broken { promise, how }| {
                let how = format!("{how}; age {:?}, {:?}", node.copy.age(now), node.copy.counts());
                Broken { promise, how }
            })?;
            let (count, bytes) = node.copy.buffered();
            if count > BUFFER_MESSAGES || bytes > BUFFER_BYTES {
                return Err(Broken { promise: "I5", how: format!("{count} updates of {bytes} bytes are buffered") });
            }
        }
        if let Some(OwnerLife::Own(owner)) = &self.owner {
            owner.check_encodings(now)?;
        }
        Ok(())
    }

    /// L1: in the end every copy has what the owner has, and knows it.
    pub(super) fn check_end(&self) -> Result<(), Broken> {
        let now = self.instant();
        let lagging = |how: String| Err(Broken { promise: "L1", how });
        for (place, node) in self.nodes.iter().enumerate() {
            let (expected, head, status) = match &self.owner {
                Some(OwnerLife::Own(owner)) => (content(owner.tree()), owner.life.head(), Status::Live),
                Some(OwnerLife::Old(owner)) => (owner.content(), None, Status::LiveUnverified),
                None => return lagging("the owner did not come back".into()),
            };
            if node.copy.status(now) != status {
                return lagging(format!("copy {place} is {:?}: {:?}", node.copy.status(now), node.copy.counts()));
            }
            // The last heartbeat may still be under way.
            let number = node.copy.held().and_then(|held| held.number);
            if head.is_some_and(|head| number.is_none_or(|number| number + 2 < head)) {
                return lagging(format!("copy {place} is at {number:?}, the owner at {head:?}"));
            }
            if content(node.copy.tree()) != expected {
                return lagging(format!("copy {place} has another value: {:?}", node.copy.counts()));
            }
            let (arena, validator) = (Arena::new(), self.form.validator());
            let bytes = content(node.copy.tree());
            let digest = of_whole(validator.read_whole(&mut Reader::new(&bytes), &arena).unwrap());
            if digest != node.copy.tree().digest() {
                return lagging(format!("copy {place} has a wrong digest"));
            }
        }
        Ok(())
    }
}
