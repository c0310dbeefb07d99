//! What is on its way between the owner and its copies, and what becomes of it there.

use super::*;

impl<R: Rules + Clone> World<R> {
    /// What the owner has published goes on its way.
    pub(super) fn publish_all(&mut self) {
        while let Some(OwnerLife::Own(owner)) = &mut self.owner {
            let Some(frame) = owner.life.poll_transmit() else { return };
            self.history.publish(&content(owner.tree()), self.now);
            self.send_all(&frame);
        }
    }

    pub(super) fn send_all(&mut self, frame: &Bytes) {
        self.sequence += 1;
        let sent = Sent { number: self.sequence, life: self.history.lives.len(), frame: frame.clone() };
        for place in 0..self.nodes.len() {
            let is_lost = self.is_chaos() && self.chance.once_in(self.faults.loss);
            let node = &self.nodes[place];
            if is_lost || node.is_cut || node.is_half_open {
                continue;
            }
            self.send_item(place, Item::Frame(sent.clone()));
            if self.is_chaos() && self.chance.once_in(self.faults.twice) {
                let (copy, again) = (place, self.chance.below(2 * SECOND));
                let at = self.nodes[place].last_arrival - self.now + again;
                let item = Item::Again(sent.clone());
                self.after(at, Event::Arrive { copy, life: self.nodes[place].life, item });
            }
        }
    }

    /// Something on a copy's subscriber, behind what is under way.
    pub(super) fn send_item(&mut self, place: usize, item: Item) {
        let arrival = (self.now + self.delay()).max(self.nodes[place].last_arrival);
        let node = &mut self.nodes[place];
        node.last_arrival = arrival;
        let life = node.life;
        self.after(arrival - self.now, Event::Arrive { copy: place, life, item });
    }

    /// The subscriber has a new connection.
    pub(super) fn reconnect(&mut self, place: usize) {
        if self.nodes[place].is_cut || self.owner.is_none() {
            return;
        }
        self.nodes[place].is_half_open = false;
        if self.form == Form::Old {
            self.send_item(place, Item::Cut);
        }
        self.send_item(place, Item::Connected);
    }

    pub(super) fn request(&mut self, copy: usize, life: u64, ticket: u64, frame: &Bytes) {
        let is_lost =
            self.nodes[copy].requests_are_cut || (self.is_chaos() && self.chance.once_in(self.faults.reply_loss));
        let now = self.instant();
        let reply = match &mut self.owner {
            _ if is_lost => None,
            Some(OwnerLife::Own(owner)) => Some(owner.answer(frame, now)),
            Some(OwnerLife::Old(owner)) => Some(owner.answer()),
            None => None,
        };
        // What fails is told, or never heard of.
        if reply.is_none() && self.chance.once_in(2) {
            return;
        }
        let delay = self.delay();
        let again = (self.is_chaos() && self.chance.once_in(self.faults.twice)).then(|| reply.clone());
        // Now and then an answer takes very long.
        let delay =
            if self.is_chaos() && self.chance.once_in(5) { delay + self.chance.below(2 * SECOND) } else { delay };
        self.after(delay, Event::Reply { copy, life, ticket, frame: reply });
        if let Some(reply) = again {
            let later = self.delay();
            self.after(delay + later, Event::Reply { copy, life, ticket, frame: reply });
        }
    }
}
