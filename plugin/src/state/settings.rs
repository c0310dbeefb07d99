//! What else can be said about a state once it is declared.
//!
//! Owns the words of the creation arguments on the author's side. Never judges them: the host does.

use std::time::Duration;

use service_framework_model::schema::{Peers, StateModel};

use super::changes::Changes;
use crate::Json;
use crate::builder::Handler;
use crate::context::Context;
use crate::error::{Error, Result};

/// What becomes of a read of a copy that is not live: stale, or asking for what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStale {
    /// It gets the last value that is known; the status says that it is stale.
    Serve,
    /// It fails with the code `stale`.
    Refuse,
    /// None is made: the service stops as soon as the copy is stale.
    Stop,
}

/// How the removal of a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletes {
    /// As nil in an update. A copy of the Python library accepts that only if its model takes any value.
    Nil,
    /// As a snapshot.
    Snapshot,
}

/// What else can be said about a state that this service owns.
pub struct OutStateSettings<'m>(pub(crate) &'m mut StateModel);

impl OutStateSettings<'_> {
    /// The topic of its updates; none unless it is said.
    pub fn topic(self, topic: &str) -> Self {
        set(self.0, "topic", topic);
        self
    }

    /// Its updates go to a bus: the address is connected to, and not bound.
    pub fn x_pub(self) -> Self {
        set(self.0, "is_x_pub", true);
        self
    }

    /// After how much silence an update without changes is sent, so that copies know that the owner is there; a second
    /// unless it is said. Zero turns it off.
    pub fn heartbeat(self, heartbeat: Duration) -> Self {
        set(self.0, "heartbeat_s", heartbeat.as_secs_f64());
        self
    }

    /// Maps inside of the value are merged by the same rule as the value itself, so that a change deep inside of it is one
    /// small update. Copies say so too, and all of them are of this framework: see [`OutStateSettings::peers`].
    pub fn deep(self) -> Self {
        set(self.0, "merge", "deep");
        self
    }

    /// How the removal of a key is sent; as nil unless it is said.
    pub fn deletes(self, deletes: Deletes) -> Self {
        let word = match deletes {
            Deletes::Nil => "nil",
            Deletes::Snapshot => "snapshot",
        };
        set(self.0, "deletes", word);
        self
    }

    /// A file in which the number of the last update is kept, so that a service that starts anew goes on from it, whatever
    /// the clock says.
    pub fn head_file(self, path: &str) -> Self {
        set(self.0, "head_file", path);
        self
    }

    /// How many bytes of the last updates are kept for copies that missed a few.
    pub fn ring_bytes(self, bytes: u32) -> Self {
        set(self.0, "ring_bytes", bytes);
        self
    }

    /// Who may hold a copy; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.0.peers = peers;
        self
    }
}

/// What else can be said about a copy of a state.
pub struct InStateSettings<'m, S> {
    pub(crate) model: &'m mut StateModel,
    pub(crate) function: &'m mut Option<Handler<S>>,
}

impl<S: 'static> InStateSettings<'_, S> {
    /// The topic of its updates; none unless it is said.
    pub fn topic(self, topic: &str) -> Self {
        set(self.model, "topic", topic);
        self
    }

    /// Its updates come to an address of its own: it is bound, and not connected to.
    pub fn binder(self) -> Self {
        set(self.model, "is_binder", true);
        self
    }

    /// After how much silence the copy counts as stale; three of the owner's heartbeats unless it is said.
    pub fn stale_after(self, silence: Duration) -> Self {
        set(self.model, "stale_after_s", silence.as_secs_f64());
        self
    }

    /// What becomes of a read of the copy while it is stale; it is served unless it is said.
    pub fn on_stale(self, on_stale: OnStale) -> Self {
        let word = match on_stale {
            OnStale::Serve => "serve",
            OnStale::Refuse => "refuse",
            OnStale::Stop => "stop",
        };
        set(self.model, "on_stale", word);
        self
    }

    /// Maps inside of the value are merged by the same rule as the value itself, as the owner says too.
    pub fn deep(self) -> Self {
        set(self.model, "merge", "deep");
        self
    }

    /// How many bytes of updates are kept while a snapshot is waited for.
    pub fn buffer_bytes(self, bytes: u32) -> Self {
        set(self.model, "buffer_bytes", bytes);
        self
    }

    /// Who may be the owner; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.model.peers = peers;
        self
    }

    /// The function that is called when the value of the copy, or its condition, has changed. What came in since it was
    /// called before is told together.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use service_framework::prelude::*;
    /// # const QUOTES: InState<BTreeMap<String, Decimal>> = InState::new("quotes");
    /// # struct Strategy;
    /// # impl Strategy { fn buy(&mut self, _: &str) -> Result<()> { Ok(()) } }
    /// # impl Strategy {
    /// fn on_quotes(&mut self, changes: Changes<'_>, ctx: &mut Context) -> Result<()> {
    ///     for symbol in changes.keys::<&str>() {
    ///         self.buy(symbol?)?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// # impl ServiceDefinition for Strategy {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.delta_update_in(&QUOTES).on_change(Self::on_quotes);
    /// }
    /// # }
    /// ```
    pub fn on_change(self, function: fn(&mut S, Changes<'_>, &mut Context) -> Result<()>) -> Self {
        set(self.model, "function", self.model.name.clone());
        *self.function = Some(Box::new(move |service, context, slots| {
            let changes = Changes::from_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
            function(service, changes, context)
        }));
        self
    }
}

/// Says a creation argument, or says it anew.
fn set(state: &mut StateModel, argument: &str, value: impl Into<Json>) {
    let arguments = &mut state.optional_creation_arguments;
    arguments.retain(|(name, _)| name != argument);
    arguments.push((argument.to_owned(), value.into()));
}
