//! What an update of one key costs: its owner from the change to the bytes, and a copy from the bytes to the value.
//!
//! Owns the states and the table. The copy reads, checks and applies an update and keeps its digest; the loop by hand that
//! it stands beside ([`by_hand`]) checks nothing but the number and has no digest. All take turns, and in the end all
//! have the same keys. The target of a copy is 300 ns for a state of 1,000 keys. A part of a name, such as
//! `-- "1000 keys, Str"`, measures only the states that have it in theirs.

mod by_hand;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rust_decimal::Decimal;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::Side;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Record, StateModel, StateValue};
use service_framework_model::slot::Slot;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::owner::{OwnedValue, Owner};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::{CopySettings, OwnerSettings};

use by_hand::ByHand;

/// How many updates make a turn: few enough to be in the cache, as what has just arrived is.
const TURN: usize = 250;
/// How many turns of each contestant are measured.
const TURNS: usize = 1_001;
/// How many snapshots are written.
const SNAPSHOTS: usize = 31;

type Change = Box<dyn Fn(usize) -> Value>;

/// An owner and its copy, and the same keys in a map that is kept by hand.
struct State {
    name: String,
    change: Change,
    owned: OwnedValue,
    owner: Owner<Protocol>,
    copy: Copy<Protocol>,
    by_hand: ByHand,
    now: Instant,
    updates: usize,
    by_owner: Vec<f64>,
    by_copy: Vec<f64>,
    by_loop: Vec<f64>,
}

impl State {
    fn new(
        name: &str,
        value: &StateValue,
        merge: Merge,
        keys: usize,
        change: impl Fn(usize) -> Value + 'static,
    ) -> Self {
        let peers = if merge == Merge::Deep { Peers::Own } else { Peers::Any };
        let validator = Arc::new(StateValidator::new(value, merge, peers).unwrap());
        let out = service_framework_states::find("delta_update_out").unwrap();
        let mut model = StateModel::new("bench", Side::Out, "delta_update_out", value.clone());
        model.peers = peers;
        let kind = service_framework_states::find("delta_update_in").unwrap();
        let mut settings = CopySettings::new(&model, kind);
        settings.keeps_changes = false;
        let now = Instant::now();
        let mut copy = Copy::new(Protocol, settings, validator.clone(), 1);
        copy.start(now);
        let mut state = Self {
            name: format!("{keys} keys, {name}"),
            change: Box::new(change),
            owner: Owner::new(Protocol, OwnerSettings::new(&model, out), &validator, 1, 1),
            owned: OwnedValue::new(validator),
            copy,
            by_hand: ByHand::default(),
            now,
            updates: 0,
            by_owner: Vec::new(),
            by_copy: Vec::new(),
            by_loop: Vec::new(),
        };
        while state.updates < keys + TURN {
            state.turn();
        }
        for times in [&mut state.by_owner, &mut state.by_copy, &mut state.by_loop] {
            times.clear();
        }
        state
    }

    fn turn(&mut self) {
        let (arena, now) = (Arena::new(), self.now);
        let values: Vec<_> = (self.updates..self.updates + TURN).map(&self.change).collect();
        self.updates += TURN;
        let slots: Vec<_> = values.iter().map(|value| value.to_slot(&arena)).collect();
        let mut frames: Vec<Bytes> = Vec::with_capacity(TURN);
        let Self { owned, owner, copy, by_hand, .. } = self;
        let took = each(Slot::as_foreign(&slots), |slot| {
            if let Some(update) = owned.apply(slot).unwrap() {
                owner.publish(&update, owned.tree(), &WorkflowId::Nil, now);
                frames.extend(owner.poll_transmit());
            }
        });
        self.by_owner.push(took);
        assert_eq!(frames.len(), TURN);
        self.by_loop.push(each(&frames, |frame| by_hand.update(black_box(frame)).unwrap()));
        self.by_copy.push(each(&frames, |frame| copy.handle_frame(black_box(frame.clone()), now)));
    }

    fn line(&self) {
        let Self { name, owned, copy, by_hand, now, by_owner, by_copy, by_loop, .. } = self;
        assert_eq!((copy.status(*now), copy.tree().digest()), (Status::Live, owned.tree().digest()));
        assert!(by_hand.is_as(copy.tree().top()), "{name}");
        let ratio: Vec<f64> = by_copy.iter().zip(by_loop).map(|(copy, by_hand)| copy / by_hand).collect();
        let [by_hand, copy, ratio, owner] = [by_loop, by_copy, &ratio, by_owner].map(|times| quantile(times, 0.5));
        let range = format!("{:.0} to {:.0}", quantile(by_copy, 0.05), quantile(by_copy, 0.95));
        println!("{name:34} {by_hand:8.0} {copy:8.0} {range:>13} {ratio:6.2} {owner:9.0}");
    }
}

/// The nanoseconds that each took.
fn each<T>(all: &[T], once: impl FnMut(&T)) -> f64 {
    let began = Instant::now();
    all.iter().for_each(once);
    began.elapsed().as_nanos() as f64 / all.len() as f64
}

fn quantile(times: &[f64], quantile: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * quantile).round() as usize]
}

fn main() {
    let mut states = Vec::new();
    let texts = StateValue::map(KeyType::Str, ArgType::int());
    for keys in [10, 1_000, 100_000] {
        states.push(State::new("Str to Int", &texts, Merge::TopLevel, keys, move |number| {
            Value::map([(format!("key_{}", number % keys), Value::Int(number as i64))])
        }));
    }
    let prices = StateValue::map(KeyType::Decimal, ArgType::decimal());
    for keys in [1_000, 100_000] {
        states.push(State::new("Decimal to Decimal", &prices, Merge::TopLevel, keys, move |number| {
            Value::Map(vec![level(number, keys)])
        }));
    }
    let side = || ArgType::map(KeyType::Decimal, ArgType::decimal());
    let book: StateValue = Record::new().required("bids", side()).required("asks", side()).into();
    for keys in [10, 1_000, 100_000] {
        states.push(State::new("book, deep", &book, Merge::Deep, keys, move |number| {
            let level = Value::Map(vec![level(number, keys)]);
            if number == 0 {
                Value::map([("bids", level), ("asks", Value::Map(vec![]))])
            } else {
                Value::map([("bids", level)])
            }
        }));
    }
    // A state finds the caches as it left them itself, if it is alone, and otherwise as the others left them.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    states.retain(|state| state.name.contains(&wanted));
    for turn in 0..TURNS {
        let count = states.len();
        (0..count).for_each(|number| states[(turn + number) % count].turn());
    }
    println!("{TURNS} turns of {TURN} updates; nanoseconds for each");
    println!(
        "{:34} {:>8} {:>8} {:>13} {:>6} {:>9}",
        "one key changes", "by hand", "copy", "p5 to p95", "ratio", "owner"
    );
    states.iter().for_each(State::line);
    println!("\na snapshot");
    states.iter().filter(|state| state.name.starts_with("100000")).for_each(snapshot);
}

fn level(number: usize, keys: usize) -> (Value, Value) {
    let price = Value::Decimal(Decimal::new(6_000_000 + (number % keys) as i64, 2));
    (price, Value::Decimal(Decimal::new(number as i64 + 1, 3)))
}

/// What a value costs to be written whole.
fn snapshot(state: &State) {
    let mut bytes = Vec::new();
    let once = |_: &()| {
        bytes.clear();
        state.owned.tree().encode(Peers::Any, black_box(&mut bytes));
    };
    let (mut once, mut times) = (once, Vec::new());
    for _ in 0..SNAPSHOTS {
        times.push(each(&[()], &mut once) / 1e6);
    }
    let (median, range) = (quantile(&times, 0.5), [0.05, 0.95].map(|share| quantile(&times, share)));
    println!("{:34} {median:.2} ms ({:.2} to {:.2}), {} bytes", state.name, range[0], range[1], bytes.len());
}
