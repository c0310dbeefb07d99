//! What a subscriber missed of each of its publishers.
//!
//! Owns the last number of each publisher's life. Its memory is bounded, whatever publishers claim to be: of the lives
//! that were silent longest it forgets, and begins anew with what it sees of them next.

use service_framework_model::wire::Seq;

/// How many lives of publishers are told apart.
pub const MOST_EPOCHS: usize = 64;

/// What the number of a publication says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is the first of its publisher, or the one that had to come.
    Next,
    /// So many before it never came.
    After(u64),
    /// It came before, or a later one did.
    Repeated,
}

/// The publishers that one subscriber has heard.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// The one heard last comes first.
    heard: Vec<Seq>,
}

impl Arrivals {
    /// A publication with this number came.
    pub fn handle_seq(&mut self, seq: Seq) -> Seen {
        let Some(place) = self.heard.iter().position(|heard| heard.epoch == seq.epoch) else {
            self.heard.truncate(MOST_EPOCHS - 1);
            self.heard.insert(0, seq);
            return Seen::Next;
        };
        if let Some(before) = self.heard.get_mut(..=place) {
            before.rotate_right(1);
        }
        let Some(last) = self.heard.first_mut() else { return Seen::Next };
        if seq.number <= last.number {
            return Seen::Repeated;
        }
        let missed = seq.number - last.number - 1;
        *last = seq;
        if missed == 0 { Seen::Next } else { Seen::After(missed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw(arrivals: &mut Arrivals, epoch: u64, number: u64) -> Seen {
        arrivals.handle_seq(Seq { epoch, number })
    }

    #[test]
    fn what_never_came_is_counted_from_the_first_that_did() {
        let mut arrivals = Arrivals::default();
        assert_eq!(saw(&mut arrivals, 1, 1_000), Seen::Next);
        assert_eq!(saw(&mut arrivals, 1, 1_001), Seen::Next);
        assert_eq!(saw(&mut arrivals, 1, 1_005), Seen::After(3));
        assert_eq!(saw(&mut arrivals, 1, 1_005), Seen::Repeated);
        assert_eq!(saw(&mut arrivals, 1, 1_002), Seen::Repeated);
        assert_eq!(saw(&mut arrivals, 1, 1_006), Seen::Next);
    }

    #[test]
    fn publishers_and_their_lives_are_counted_apart() {
        let mut arrivals = Arrivals::default();
        for number in 1..100 {
            for epoch in [7, 8, 9] {
                assert_eq!(saw(&mut arrivals, epoch, number), Seen::Next);
            }
        }
        assert_eq!(saw(&mut arrivals, 10, 5), Seen::Next);
        assert_eq!(saw(&mut arrivals, 8, 101), Seen::After(1));
    }

    #[test]
    fn a_publisher_that_changes_its_life_with_each_message_fills_no_memory_and_hides_no_other() {
        let mut arrivals = Arrivals::default();
        for epoch in 0..10_000 {
            assert_eq!(saw(&mut arrivals, epoch + 1, 1), Seen::Next);
            assert_eq!(saw(&mut arrivals, 0, epoch), Seen::Next);
        }
        assert_eq!(arrivals.heard.len(), MOST_EPOCHS);
    }

    #[test]
    fn the_largest_gap_there_can_be_is_no_overflow() {
        let mut arrivals = Arrivals::default();
        saw(&mut arrivals, 1, 0);
        assert_eq!(saw(&mut arrivals, 1, u64::MAX), Seen::After(u64::MAX - 1));
        assert_eq!(saw(&mut arrivals, 1, u64::MAX), Seen::Repeated);
    }
}
