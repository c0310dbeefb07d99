//! The way to a part of a state: a key at its top, or several, each inside of what the one before leads to.
//!
//! Owns how keys are laid out as slots. Whether they lead anywhere is the host's to say.

use service_framework_model::dynamic::Arena;
use service_framework_model::slot::Slot;

use crate::argument::Key;

/// The keys that lead to a part of a state: one key (`"bids"`, a `Decimal`), or a tuple of up to four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` leads to no part of a state",
    label = "neither a key nor a tuple of keys",
    note = "a path is one key (`&str`, `String`, an integer, `Decimal`, `Uuid`, `DateTime<Utc>`), or a tuple of up to \
            four of them, the outermost first; `()` is the whole value"
)]
pub trait Path {
    /// Lays the keys out as slots for as long as `use_keys` runs.
    fn with_keys<T>(&self, arena: &Arena, use_keys: impl FnOnce(&[Slot<'_>]) -> T) -> T;
}

impl<K: Key> Path for K {
    fn with_keys<T>(&self, arena: &Arena, use_keys: impl FnOnce(&[Slot<'_>]) -> T) -> T {
        use_keys(&[self.slot(arena)])
    }
}

impl Path for () {
    fn with_keys<T>(&self, _: &Arena, use_keys: impl FnOnce(&[Slot<'_>]) -> T) -> T {
        use_keys(&[])
    }
}

macro_rules! tuple {
    ($($key:ident: $place:tt),+) => {
        impl<$($key: Key),+> Path for ($($key,)+) {
            fn with_keys<T>(&self, arena: &Arena, use_keys: impl FnOnce(&[Slot<'_>]) -> T) -> T {
                use_keys(&[$(self.$place.slot(arena)),+])
            }
        }
    };
}

tuple!(A: 0);
tuple!(A: 0, B: 1);
tuple!(A: 0, B: 1, C: 2);
tuple!(A: 0, B: 1, C: 2, D: 3);
