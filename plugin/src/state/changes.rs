//! What has changed in a copy since its function was called before.
//!
//! Owns the reading of the slots in which the host tells it.

use std::ops::RangeInclusive;

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use super::path::Path;
use crate::argument::{Key, unexpected};
use crate::error::{Error, Result};
use crate::model::too_few_slots;

/// What has changed in a copy of a state since its function was called before: the function of an `in` state gets it.
///
/// Nothing may have changed but the copy's condition: that it is stale, say. Then there are no paths and no numbers.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    is_whole: bool,
    numbers: Option<(u64, u64)>,
    paths: &'a [Slot<'a>],
}

impl<'a> Changes<'a> {
    pub(crate) fn from_slots(slots: &'a [Slot<'a>]) -> Result<Self, Refusal> {
        let [is_whole, first, last, paths] = slots else { return Err(too_few_slots(4, slots.len())) };
        let number = |slot: &Slot<'_>| match slot.view() {
            View::Int(number) => u64::try_from(number).ok(),
            View::UInt(number) => Some(number),
            _ => None,
        };
        Ok(Self {
            is_whole: is_whole.as_bool().ok_or_else(|| unexpected("Bool", is_whole))?,
            numbers: number(first).zip(number(last)),
            paths: paths.as_list().ok_or_else(|| unexpected("List", paths))?,
        })
    }

    /// Whether so much has changed that the paths do not tell it: anything may be another than before.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The numbers of the updates that came in; `None` if only the condition has changed.
    #[must_use]
    pub fn numbers(&self) -> Option<RangeInclusive<u64>> {
        self.numbers.map(|(first, last)| first..=last)
    }

    /// Whether no part of the value has changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.is_whole
    }

    /// How many parts of the value are told to have changed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.paths.len()
    }

    /// The keys at the top of the value under which something has changed.
    ///
    /// # Errors
    /// If a key is of another type.
    pub fn keys<K: Key>(&self) -> impl Iterator<Item = Result<K::Of<'a>>> + use<'a, K> {
        self.paths.iter().map(|path| {
            let keys = path.as_list().unwrap_or_default();
            let first = keys.first().ok_or_else(|| too_few_slots(1, 0));
            first.and_then(K::read).map_err(|refusal| Error::bad_call(&refusal))
        })
    }

    /// The paths to what has changed, each as its keys, the outermost first.
    pub fn paths(&self) -> impl Iterator<Item = Vec<Value>> + use<'a> {
        self.paths.iter().map(|path| path.as_list().unwrap_or_default().iter().map(Value::from_view).collect())
    }

    /// Whether what a path leads to has changed, or something inside of it, or all around it.
    #[must_use]
    pub fn contains(&self, path: impl Path) -> bool {
        path.with_keys(&Arena::new(), |wanted| {
            let wanted: Vec<_> = wanted.iter().map(Value::from_view).collect();
            self.is_whole
                || self.paths.iter().any(|changed| {
                    let changed = changed.as_list().unwrap_or_default();
                    changed.iter().zip(&wanted).all(|(key, wanted)| Value::from_view(key) == *wanted)
                })
        })
    }
}
