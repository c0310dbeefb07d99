//! What must be true after every step: the promises of the states, told by what really happened.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use service_framework_states::copy::{Held, Status};

/// Microseconds of the simulated time.
pub(crate) type Time = u64;

/// What one life of the owner published.
pub(crate) struct LifeRecord {
    pub(crate) first: u64,
    /// The values, from the first message on, and when each was published.
    published: Vec<(u64, Time)>,
    pub(crate) ended: Option<Time>,
}

/// What really happened.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) lives: Vec<LifeRecord>,
    by_epoch: HashMap<u64, usize>,
}

pub(crate) fn hash(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

impl History {
    pub(crate) fn begin(&mut self, epoch: u64, first: u64) {
        self.by_epoch.insert(epoch, self.lives.len());
        self.lives.push(LifeRecord { first, published: Vec::new(), ended: None });
    }

    pub(crate) fn publish(&mut self, content: &[u8], now: Time) {
        let life = self.lives.last_mut().unwrap();
        life.published.push((hash(content), now));
    }

    pub(crate) fn end(&mut self, now: Time) {
        if let Some(life) = self.lives.last_mut() {
            life.ended.get_or_insert(now);
        }
    }
}

/// What a copy showed so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown {
    /// The life, by its order, and the number.
    last: Option<(usize, u64)>,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) promise: &'static str,
    pub(crate) how: String,
}

fn broken<T>(promise: &'static str, how: String) -> Result<T, Broken> {
    Err(Broken { promise, how })
}

impl Shown {
    /// I1: the copy is a value that the owner had. I2: it never goes backward.
    pub(crate) fn check(&mut self, history: &History, held: Held, content: &[u8]) -> Result<(), Broken> {
        let (Some(epoch), Some(number)) = (held.epoch, held.number) else { return Ok(()) };
        let Some(place) = history.by_epoch.get(&epoch) else { return broken("I1", format!("no life {epoch}")) };
        let life = &history.lives[*place];
        let had = number.checked_sub(life.first).and_then(|at| life.published.get(at as usize));
        match had {
            None => return broken("I1", format!("life {place} never published {number}")),
            Some((value, _)) if *value != hash(content) => {
                return broken("I1", format!("not the value of life {place} at {number}"));
            }
            _ => {}
        }
        if let Some(last) = self.last
            && (*place, number) < last
        {
            return broken("I2", format!("from {last:?} back to {:?}", (place, number)));
        }
        self.last = Some((*place, number));
        Ok(())
    }
}

/// I4: a copy that says that it is live lacks nothing that was published longer than `bound` ago.
pub(crate) fn check_live(
    history: &History,
    status: Status,
    held: Option<Held>,
    now: Time,
    bound: Time,
) -> Result<(), Broken> {
    let (Status::Live, Some(Held { epoch: Some(epoch), number: Some(number) })) = (status, held) else {
        return Ok(());
    };
    let (place, long_ago) = (history.by_epoch[&epoch], now.saturating_sub(bound));
    let life = &history.lives[place];
    if life.ended.is_some_and(|ended| ended < long_ago) {
        return broken("I4", format!("live, but life {place} ended long ago"));
    }
    let next = life.published.get((number - life.first) as usize + 1);
    if next.is_some_and(|(_, at)| *at < long_ago) {
        return broken("I4", format!("live at {number} of life {place}, which went on long ago"));
    }
    Ok(())
}
