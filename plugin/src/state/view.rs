//! A state as a function of the service reads it: one version for as long as the function runs.
//!
//! Owns the typed reading of what the host lends. Nothing is copied but what is asked for.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::slot::Slot;

use super::StateValue;
use super::path::Path;
use super::status::StateStatus;
use crate::argument::{Argument, Key};
use crate::error::{Error, Result};
use crate::host::{Host, Span};

/// The value of a state, of either side, while a function of the service runs: what it shows does not change until the
/// function returns or changes it itself.
pub struct StateView<'c, T> {
    host: Host,
    place: u32,
    name: &'c str,
    holds: PhantomData<fn() -> T>,
}

impl<'c, T: StateValue> StateView<'c, T> {
    pub(crate) const fn new(host: Host, place: u32, name: &'c str) -> Self {
        Self { host, place, name, holds: PhantomData }
    }

    /// How good the value is.
    ///
    /// # Errors
    /// If the host cannot say.
    pub fn status(&self) -> Result<StateStatus> {
        self.host.state_status(self.place).map(StateStatus::from_abi)
    }

    /// Reads the whole value, borrowed while `read` runs: it is decoded from end to end.
    ///
    /// # Errors
    /// With the code `absent` if there is no value yet, with `stale` if it is not to be read while it is, as the model
    /// says.
    pub fn read<R>(&self, read: impl FnOnce(T::Of<'_>) -> R) -> Result<R> {
        let value = self.host.state_value(self.place, &[], |slots| first(slots).and_then(T::read).map(read))?;
        value.ok_or_else(|| self.absent())?.map_err(|refusal| Error::bad_call(&refusal))
    }

    /// The whole value, decoded from end to end.
    ///
    /// # Errors
    /// As for [`StateView::read`].
    pub fn value(&self) -> Result<T>
    where
        T: for<'a> Argument<Of<'a> = T>,
    {
        self.read(|value| value)
    }

    /// What a path leads to; `None` if nothing is there, or there is no value yet.
    ///
    /// # Errors
    /// If it is of another type, if the path leads through something that is no map, with `stale` as for
    /// [`StateView::read`].
    pub fn get<V>(&self, path: impl Path) -> Result<Option<V>>
    where
        V: for<'a> Argument<Of<'a> = V>,
    {
        let found = path.with_keys(&Arena::new(), |keys| {
            self.host.state_value(self.place, keys, |slots| first(slots).and_then(V::read))
        })?;
        found.transpose().map_err(|refusal| Error::bad_call(&refusal))
    }

    /// Whether a path leads to something.
    ///
    /// # Errors
    /// As for [`StateView::get`].
    pub fn contains(&self, path: impl Path) -> Result<bool> {
        Ok(path.with_keys(&Arena::new(), |keys| self.host.state_value(self.place, keys, |_| ()))?.is_some())
    }

    /// The entry with the least key of the map to which a path leads: the best ask, say.
    ///
    /// # Errors
    /// As for [`StateView::get`].
    pub fn first<K, V>(&self, path: impl Path) -> Result<Option<(K, V)>>
    where
        K: Key + for<'a> Argument<Of<'a> = K>,
        V: for<'a> Argument<Of<'a> = V>,
    {
        self.one(path, false)
    }

    /// The entry with the greatest key of the map to which a path leads: the best bid, say.
    ///
    /// # Errors
    /// As for [`StateView::get`].
    pub fn last<K, V>(&self, path: impl Path) -> Result<Option<(K, V)>>
    where
        K: Key + for<'a> Argument<Of<'a> = K>,
        V: for<'a> Argument<Of<'a> = V>,
    {
        self.one(path, true)
    }

    fn one<K, V>(&self, path: impl Path, is_backward: bool) -> Result<Option<(K, V)>>
    where
        K: Key + for<'a> Argument<Of<'a> = K>,
        V: for<'a> Argument<Of<'a> = V>,
    {
        let mut found = None;
        self.scan::<K, V>(path, None, is_backward, |key, value| {
            found = Some((key, value));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Goes through the map to which a path leads, in the order of its keys, until `read` breaks off.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::ops::ControlFlow;
    /// # use service_framework::prelude::*;
    /// # const QUOTES: InState<BTreeMap<String, Decimal>> = InState::new("quotes");
    /// # fn print(ctx: &mut Context) -> Result<()> {
    /// ctx.state(&QUOTES)?.for_each::<&str, Decimal>((), |symbol, price| {
    ///     info!("{symbol}: {price}");
    ///     ControlFlow::Continue(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`StateView::get`].
    pub fn for_each<K: Key, V: Argument>(
        &self,
        path: impl Path,
        read: impl for<'a> FnMut(K::Of<'a>, V::Of<'a>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.scan::<K, V>(path, None, false, read)
    }

    /// As [`StateView::for_each`], from the first key that is not before `from`; backward, from the last one that is not
    /// after it.
    ///
    /// # Errors
    /// As for [`StateView::get`].
    pub fn scan<K: Key, V: Argument>(
        &self,
        path: impl Path,
        from: Option<&K>,
        is_backward: bool,
        mut read: impl for<'a> FnMut(K::Of<'a>, V::Of<'a>) -> ControlFlow<()>,
    ) -> Result<()> {
        let (arena, mut refused) = (Arena::new(), None);
        let from = from.map(|from| from.slot(&arena));
        path.with_keys(&arena, |path| {
            let span = Span { path, from: from.as_ref(), is_backward };
            self.host.state_entries(self.place, span, |key, value| match entry::<K, V>(key, value) {
                Ok((key, value)) => read(key, value),
                Err(refusal) => {
                    refused = Some(refusal);
                    ControlFlow::Break(())
                }
            })
        })?;
        refused.map_or(Ok(()), |refusal| Err(Error::bad_call(&refusal)))
    }

    #[cold]
    fn absent(&self) -> Error {
        absent(self.name)
    }
}

fn entry<'a, K: Key, V: Argument>(key: &Slot<'a>, value: &Slot<'a>) -> Result<(K::Of<'a>, V::Of<'a>), Refusal> {
    Ok((K::read(key)?, V::read(value)?))
}

fn first<'s, 'a>(slots: &'s [Slot<'a>]) -> Result<&'s Slot<'a>, Refusal> {
    slots.first().ok_or_else(|| crate::model::too_few_slots(1, 0))
}

/// The error of a copy that has no value yet.
#[cold]
pub(crate) fn absent(name: &str) -> Error {
    Error::with_code("absent", format!("the state `{name}` has no value yet: nothing has come from its owner"))
}
