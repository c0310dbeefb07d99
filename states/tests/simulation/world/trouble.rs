//! What goes wrong, and when it no longer does.

use super::*;

impl<R: Rules + Clone> World<R> {
    pub(super) fn trouble(&mut self) -> Result<(), Broken> {
        let place = self.chance.below(self.nodes.len() as u64) as usize;
        match self.chance.below(11) {
            0 | 1 => self.owner_goes()?,
            2 => self.nodes[place] = self.node(),
            3 => {
                for place in 0..self.nodes.len() {
                    self.nodes[place] = self.node();
                    self.pump(place)?;
                }
            }
            4 => self.late_joiner(place)?,
            5 if self.form != Form::Old => self.nodes[place].is_half_open = true,
            6 | 7 => {
                let is_cut = !self.nodes[place].is_cut;
                self.nodes[place].is_cut = is_cut;
                if is_cut && (self.form == Form::Old || self.chance.once_in(2)) {
                    self.send_item(place, Item::Cut);
                }
                self.reconnect(place);
            }
            8 => self.nodes[place].requests_are_cut ^= true,
            9 => self.clock = self.chance.between(1, 2_000) * SECOND,
            _ => {
                let burst = self.chance.between(1, 60);
                (0..burst).for_each(|_| self.act());
            }
        }
        Ok(())
    }

    /// A copy that has just asked, and an owner that goes before it hears the answer.
    pub(super) fn late_joiner(&mut self, place: usize) -> Result<(), Broken> {
        self.nodes[place] = self.node();
        let soon = self.chance.between(50, 150) * MILLISECOND;
        self.after(soon, Event::OwnerGoes);
        self.pump(place)
    }

    /// From now on nothing goes wrong any more. What is half open stays so: the copy has to notice.
    pub(super) fn become_calm(&mut self) {
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            node.requests_are_cut = false;
            if std::mem::take(&mut node.is_cut) {
                self.reconnect(place);
            }
        }
        self.owner_comes();
    }
}
