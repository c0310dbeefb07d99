//! What has changed since the service's function was told last.
//!
//! Owns the merging: however many updates came, the function is told once, with each key once.

use service_framework_model::state::{Key, KeyRef};

/// More keys than this are not told one by one: memory is bounded.
const MOST_KEYS: usize = 65_536;

/// What has changed since the last call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The keys at the top that changed, each once, in their order; `None` if they are too many to tell.
    pub keys: Option<Vec<Key>>,
    /// The number of the first update among them, if its owner tells it.
    pub from: Option<u64>,
    /// The number of the last one.
    pub to: Option<u64>,
    /// How many updates there were.
    pub updates: u64,
}

#[derive(Debug, Default)]
pub(super) struct Changes {
    keys: Vec<Key>,
    are_too_many: bool,
    from: Option<u64>,
    to: Option<u64>,
    updates: u64,
    keeps: bool,
}

impl Changes {
    pub(super) fn new(keeps: bool) -> Self {
        Self { keeps, ..Self::default() }
    }

    pub(super) fn add_key(&mut self, key: KeyRef<'_>) {
        if !self.keeps || self.are_too_many {
            return;
        }
        self.keys.push(key.into());
        if self.keys.len() > MOST_KEYS {
            self.keys.sort_unstable();
            self.keys.dedup();
            if self.keys.len() > MOST_KEYS / 2 {
                self.keys = Vec::new();
                self.are_too_many = true;
            }
        }
    }

    /// An update was applied, be it one that changed nothing.
    pub(super) fn add_update(&mut self, number: Option<u64>) {
        if self.keeps {
            self.from = self.from.or(number);
            self.to = number.or(self.to);
            self.updates += 1;
        }
    }

    /// What has changed; `None` if no key has.
    pub(super) fn take(&mut self) -> Option<Changed> {
        let taken = std::mem::replace(self, Self::new(self.keeps));
        if taken.keys.is_empty() && !taken.are_too_many {
            return None;
        }
        let mut keys = taken.keys;
        keys.sort_unstable();
        keys.dedup();
        let keys = (!taken.are_too_many).then_some(keys);
        Some(Changed { keys, from: taken.from, to: taken.to, updates: taken.updates })
    }
}
