//! The other ends of a service's states in a test: an owner for each copy, and the life of each state that it owns.
//!
//! Owns them. They are the machines of production; only what is between the two sockets is the test's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_model::json::{Node, read_value};
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::Path;
use service_framework_model::schema::{ArgType, Side, StateModel};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::slot::Slot;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_model::wire::{Arena, decode_value};
use service_framework_states::Kind;
use service_framework_states::owner::{OwnedValue, Owner, Update};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::OwnerSettings;

use super::TestService;
use super::error::TestError;
use crate::io::Content;
use crate::states::StateWire;
use crate::wiring::Wiring;

/// The first number of every life in a test.
const FIRST: u64 = 1;

/// The lives of owners, by the place of their states.
#[derive(Default)]
pub(super) struct Lives {
    own: HashMap<usize, Owner>,
    remote: HashMap<usize, Remote>,
    /// Requests of copies that were not answered yet: place, ticket, body.
    asked: Vec<(usize, u64, Bytes)>,
    /// The copies that are cut off from their owners.
    lost: HashSet<usize>,
}

/// The owner at the other end of a copy.
struct Remote {
    value: OwnedValue,
    owner: Owner,
}

impl Lives {
    /// What the update of a state that the service owns sends.
    pub(super) fn publish(
        &mut self,
        place: usize,
        update: &Update,
        id: &WorkflowId<'_>,
        wiring: &Wiring,
        now: Instant,
    ) -> Vec<Bytes> {
        let Some(state) = wiring.state(place) else { return Vec::new() };
        let Some(owned) = state.owner() else { return Vec::new() };
        let owner = self.own.entry(place).or_insert_with(|| {
            let settings = OwnerSettings { heartbeat: Duration::ZERO, ..owned.settings.clone() };
            Owner::new(Protocol, settings, &state.validator, 1, FIRST)
        });
        owner.publish(update, owned.value().tree(), id, now);
        std::iter::from_fn(|| owner.poll_transmit()).collect()
    }

    pub(super) fn ask(&mut self, place: usize, ticket: u64, body: Bytes) {
        self.asked.push((place, ticket, body));
    }

    /// What the owners answer to the requests of copies. One that is not there answers nothing.
    fn answers(&mut self, now: Instant) -> Vec<(usize, Content)> {
        let Self { remote, asked, lost, .. } = self;
        let answer = |(place, of_copy, body): (usize, u64, Bytes)| {
            if lost.contains(&place) {
                return None;
            }
            let Remote { value, owner } = remote.get_mut(&place)?;
            let answer = Ok(owner.handle_request(&body, value.tree(), now).frame().clone());
            Some((place, Content::Answer { of_copy, answer }))
        };
        asked.drain(..).filter_map(answer).collect()
    }
}

impl TestService {
    /// Makes the owner of a copy have this value, in the form of config files, and the copy follow it: what differs from
    /// the value before reaches it as one update, and its function is called.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use service_framework::json;
    /// # use service_framework::prelude::*;
    /// # use service_framework::testing::{TestError, TestService};
    /// const QUOTES: InState<BTreeMap<String, Decimal>> = InState::new("quotes");
    /// # #[derive(Model)] struct Query { symbol: String }
    /// # #[derive(Model)] struct Price { price: Decimal }
    /// # struct Desk;
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(m: &mut Models<Self>) { m.delta_update_in(&QUOTES); m.replyer("price", Self::on_price); }
    /// # }
    /// # impl Desk {
    /// #     fn on_price(&mut self, query: Query, ctx: &mut Context) -> Result<Price> {
    /// #         let price = ctx.state(&QUOTES)?.get(query.symbol)?;
    /// #         Ok(Price { price: price.ok_or_else(|| Error::new("no price"))? })
    /// #     }
    /// # }
    /// # fn main() -> std::result::Result<(), TestError> {
    /// let mut desk = TestService::of::<Desk>().start()?;
    /// desk.set_state("quotes", &json!({"ESH5": "6045.25"}))?;
    /// assert_eq!(desk.deliver("price", json!({"symbol": "ESH5"}))?["price"], "6045.25");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the service has no such copy, or the value does not fit its model.
    pub fn set_state(&mut self, name: &str, value: &Json) -> Result<(), TestError> {
        let (place, model) = self.find_state(Side::In, name)?;
        let (kind, settings) = (ArgType::from(model.value.clone()), remote_settings(model)?);
        let mut problems = Vec::new();
        let value = read_value(&Node::from(value), &kind, &Path::Root, &mut problems);
        let told = || problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let value = value.ok_or_else(|| unfit(name, &told()))?;
        let was_lost = self.port.lives.lost.remove(&place);
        if was_lost {
            self.dispatcher.update(place, &mut Content::Peers { ready: 1, lost: 0 }, self.port.now);
        }
        let frames = self.remote_frames(place, settings, &value, was_lost).map_err(|problem| unfit(name, &problem))?;
        for frame in frames {
            let frames = [frame].into_iter().collect();
            self.dispatcher.update(place, &mut Content::Here(Some(frames)), self.port.now);
        }
        self.settle_states()
    }

    fn remote_frames(
        &mut self,
        place: usize,
        settings: OwnerSettings,
        value: &Value,
        was_lost: bool,
    ) -> Result<Vec<Bytes>, String> {
        let (wiring, now) = (Arc::clone(&self.port.wiring), self.port.now);
        let Some(StateWire { validator, .. }) = wiring.state(place) else { return Ok(Vec::new()) };
        let remote = self.port.lives.remote.entry(place).or_insert_with(|| Remote {
            value: OwnedValue::new(Arc::clone(validator)),
            owner: Owner::new(Protocol, settings.clone(), validator, 1, FIRST),
        });
        let arena = Arena::new();
        let slot = [value.to_slot(&arena)];
        let Remote { value, owner } = remote;
        for slot in Slot::as_foreign(&slot) {
            if let Some(update) = value.replace(slot).map_err(|refusal| refusal.to_string())? {
                owner.publish(&update, value.tree(), &WorkflowId::Nil, now);
            } else if value.is_ready() {
                if was_lost && settings.kind == Kind::Full {
                    // Nobody can ask for the value, and it has no heartbeat: a next life says it once more.
                    *owner = Owner::new(Protocol, settings.clone(), validator, owner.epoch() + 1, FIRST);
                }
                owner.start(value.tree(), &WorkflowId::Nil, now);
            }
        }
        Ok(std::iter::from_fn(|| owner.poll_transmit()).collect())
    }

    /// Cuts a copy off from its owner: it is stale until the test says what the owner has.
    ///
    /// # Errors
    /// If the service has no such copy.
    pub fn lose_state(&mut self, name: &str) -> Result<(), TestError> {
        let (place, _) = self.find_state(Side::In, name)?;
        self.port.lives.lost.insert(place);
        self.dispatcher.update(place, &mut Content::Peers { ready: 0, lost: 1 }, self.port.now);
        self.settle_states()
    }

    /// The value of a state that the service owns, in the form of config files.
    ///
    /// # Errors
    /// If the service owns no such state, or its value has no form in JSON.
    pub fn state(&self, name: &str) -> Result<Json, TestError> {
        let (place, model) = self.find_state(Side::Out, name)?;
        let Some(owned) = self.port.wiring.state(place).and_then(StateWire::owner) else { return Ok(Json::Null) };
        let mut bytes = Vec::new();
        owned.value().tree().encode(model.peers, &mut bytes);
        let value = decode_value(&bytes).map_err(|refusal| TestError::Test(refusal.to_string()))?;
        serde_json::to_value(JsonForm(&value)).map_err(|error| TestError::Test(error.to_string()))
    }

    /// Lets copies ask and be answered until nothing is left to do at this time.
    pub(super) fn settle_states(&mut self) -> Result<(), TestError> {
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        loop {
            let now = self.port.now;
            if let Err(error) = self.dispatcher.drive_copies(&mut self.port, now) {
                self.fail(error);
            }
            let answers = self.port.lives.answers(now);
            if answers.is_empty() {
                return self.told_well();
            }
            for (place, mut content) in answers {
                self.dispatcher.update(place, &mut content, self.port.now);
            }
        }
    }

    fn find_state(&self, side: Side, name: &str) -> Result<(usize, &StateModel), TestError> {
        let states = &self.model.states;
        let found = states.iter().position(|state| state.side == side && state.name == name);
        let found = found.and_then(|at| Some((self.model.connections.len() + at, states.get(at)?)));
        found.ok_or_else(|| {
            let names = states.iter().filter(|state| state.side == side);
            let help = suggestion(name, names.map(|state| state.name.as_str()));
            let help = help.map_or_else(String::new, |help| format!("; {help}"));
            TestError::Test(format!("the service has no `{}` state `{name}`{help}", side.word()))
        })
    }
}

/// What the owner at the other end of a copy is told: the copy's own model, as its owner would have it.
fn remote_settings(model: &StateModel) -> Result<OwnerSettings, TestError> {
    let kind = service_framework_states::find(&model.state_type)
        .and_then(|kind| service_framework_states::find(kind.compatible_with))
        .ok_or_else(|| TestError::Test(format!("`{}` is no state type", model.state_type)))?;
    Ok(OwnerSettings { heartbeat: Duration::ZERO, ..OwnerSettings::new(model, kind) })
}

fn unfit(name: &str, problem: &str) -> TestError {
    TestError::Test(format!("the test's value for the state `{name}` does not fit its model: {problem}"))
}
