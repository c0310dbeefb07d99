//! States: what their author does with them, as it crosses.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use service_framework::__private::{Arena, Slot};
use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::schema::Side;
use service_framework::{Deletes, OnStale, json};

use crate::support::{Hosted, Run, describe, setup};

#[derive(Debug, PartialEq, Model)]
struct Book {
    symbol: String,
    bids: BTreeMap<Decimal, Decimal>,
}

const OWN: OutState<Book> = OutState::new("own");
const TOTALS: OutState<BTreeMap<String, i64>> = OutState::new("totals");
const COPY: InState<Book> = InState::new("copy");

type Changed = (bool, Option<(u64, u64)>, Vec<Vec<Value>>);

/// What the function that runs last has seen.
#[derive(Default)]
struct Desk {
    changed: Option<Changed>,
}

impl ServiceDefinition for Desk {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self::default())
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_out(&OWN).topic("OWN").deep().peers(Peers::Own).heartbeat(Duration::from_millis(500)).x_pub();
        m.full_update_out(&TOTALS).deletes(Deletes::Snapshot).head_file("totals.head");
        m.delta_update_in(&COPY)
            .deep()
            .peers(Peers::Own)
            .stale_after(Duration::from_secs(2))
            .on_stale(OnStale::Refuse)
            .on_change(Self::on_copy);
        m.full_update_in(&InState::<BTreeMap<String, i64>>::new("others")).binder();
        m.setup_states(|config| Ok(json!({"own": {"topic": config["topic"]}})));
        m.init(Self::init);
        m.on_sigint(Self::read);
        m.on_sigterm(Self::untyped);
    }
}

impl Desk {
    fn on_copy(&mut self, changes: Changes<'_>, _: &mut Context) -> Result<()> {
        let numbers = changes.numbers().map(|numbers| (*numbers.start(), *numbers.end()));
        assert_eq!(changes.len(), changes.paths().count());
        if !changes.is_empty() {
            assert!(changes.contains("bids") && changes.contains(("bids", Decimal::ONE)));
            let others = [changes.contains("symbol"), changes.contains(("bids", Decimal::TEN))];
            assert_eq!(others, [changes.is_whole(); 2]);
            assert_eq!(changes.keys::<&str>().collect::<Result<Vec<_>>>()?, ["bids"]);
        }
        self.changed = Some((changes.is_whole(), numbers, changes.paths().collect()));
        Ok(())
    }

    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.set(&OWN, ("bids", Decimal::new(15, 1)), &Decimal::TEN)?;
        ctx.remove(&TOTALS, "a")?;
        ctx.edit(&TOTALS, |totals| {
            for (key, value) in [("b".to_owned(), 1), ("c".to_owned(), 2)] {
                totals.set(key, &value);
            }
            totals.remove("d");
        })?;
        ctx.replace(&TOTALS, &BTreeMap::from([("e".to_owned(), 3)]))?;
        ctx.modify(&OWN, |book| book.symbol.push('!'))
    }

    fn read(&mut self, ctx: &mut Context) -> Result<()> {
        let copy = ctx.state(&COPY)?;
        let status = copy.status()?;
        assert!(status.is_live() && status.is_verified);
        assert_eq!((status.number, status.age), (7, Some(Duration::from_nanos(5))));
        assert_eq!(copy.get::<String>("symbol")?, Some("ABC".to_owned()));
        assert_eq!(copy.get::<Decimal>(("bids", Decimal::ONE))?, Some(Decimal::TEN));
        assert_eq!(copy.get::<Decimal>(("bids", Decimal::TEN))?, None);
        assert!(copy.contains("bids")? && !copy.contains("asks")?);
        assert_eq!(copy.first::<Decimal, Decimal>("bids")?, Some((Decimal::ONE, Decimal::TEN)));
        assert_eq!(copy.last::<Decimal, Decimal>("bids")?, Some((Decimal::TWO, Decimal::ONE)));
        let mut prices = Vec::new();
        copy.scan::<Decimal, Decimal>("bids", Some(&Decimal::ONE), false, |price, _| {
            prices.push(price);
            ControlFlow::Continue(())
        })?;
        assert_eq!(prices, [Decimal::ONE, Decimal::TWO]);
        copy.read(|book| assert_eq!(book.bids.len(), 2))?;
        let wrong = copy.get::<i64>("symbol").unwrap_err();
        assert!(wrong.message().contains("expected Int, got Str"), "{wrong}");
        Ok(())
    }

    fn untyped(&mut self, ctx: &mut Context) -> Result<()> {
        let level = Value::Map(vec![(Value::Decimal(Decimal::ONE), Value::Nil)]);
        ctx.edit_value("own", &Value::map([("symbol", Value::from("X")), ("bids", level)]))?;
        ctx.edit_value("totals", &Value::map([("a", Value::Nil)]))?;
        ctx.replace_value("totals", &Value::map([("a", 1_i64)].map(|(key, value)| (key, Value::Int(value)))))?;
        assert!(ctx.edit_value("totals", &Value::Nil).is_err());
        assert!(
            ctx.edit_value("copy", &Value::map([("a", Value::Nil)])).unwrap_err().message().contains("no out state")
        );
        assert_eq!(ctx.state_status(Side::In, "copy")?.number, 7);
        ctx.state_value(Side::Out, "totals").map(|_| ())
    }
}

fn book() -> Value {
    let bids = [(Decimal::ONE, Decimal::TEN), (Decimal::TWO, Decimal::ONE)];
    let bids = bids.map(|(price, size)| (Value::Decimal(price), Value::Decimal(size)));
    Value::map([("symbol", "ABC".into()), ("bids", Value::Map(bids.into()))])
}

/// The same as a host hands it over: a record's fields in the model's order.
fn hosted(run: &mut Run) -> Hosted {
    run.state.status =
        StateStatus { condition: STATE_LIVE, flags: STATE_IS_VERIFIED, number: 7, age: 5, ..StateStatus::default() };
    Hosted::new::<Desk>(&[], run).unwrap()
}

#[test]
fn states_are_described_with_what_was_said_of_them() {
    let (status, json) = describe::<Desk>();
    assert_eq!(status, OK);
    let model: service_framework::Json = serde_json::from_str(&json).unwrap();
    let own = &model["states"]["out"]["own"]["optional_creation_arguments"];
    assert_eq!(*own, json!({"topic": "OWN", "merge": "deep", "heartbeat_s": 0.5, "is_x_pub": true}));
    let totals = &model["states"]["out"]["totals"];
    assert_eq!(totals["state_type"], "full_update_out");
    assert_eq!(totals["optional_creation_arguments"], json!({"deletes": "snapshot", "head_file": "totals.head"}));
    let copy = &model["states"]["in"]["copy"]["optional_creation_arguments"];
    let expected = json!({"merge": "deep", "stale_after_s": 2.0, "on_stale": "refuse", "function": "copy"});
    assert_eq!(*copy, expected);
    assert_eq!(model["states"]["in"]["others"]["optional_creation_arguments"], json!({"is_binder": true}));
    assert!(model["functions"].as_array().unwrap().contains(&"setup_states".into()));
    let adjusted = setup::<Desk>(SETUP_STATES, &json!({"topic": "T"}), &mut Run::default());
    assert_eq!(adjusted, (OK, r#"{"own":{"topic":"T"}}"#.to_owned()));
}

#[test]
fn changes_cross_as_keys_and_what_is_put_there() {
    let mut run = Run::default();
    let mut desk = hosted(&mut run);
    // `modify` reads the book first: the host hands over a record.
    assert_eq!(desk.call(FUNCTION_INIT, &[], &mut run), FAILED);
    let list = |values: &[Value]| Value::List(values.to_vec());
    let decimal = |value: Decimal| Value::Decimal(value);
    // The places of the states: `copy` and `others` come in, `own` and `totals` go out.
    let set = list(&["bids".into(), decimal(Decimal::new(15, 1)), decimal(Decimal::TEN)]);
    let several = [("b", Value::Int(1)), ("c", Value::Int(2)), ("d", Value::Nil)];
    let several = several.map(|(key, value)| list(&[key.into(), value]));
    let expected = [(2, list(&[set])), (3, list(&[list(&["a".into(), Value::Nil])])), (3, Value::List(several.into()))];
    assert_eq!(run.state.changes, expected);
    assert_eq!(run.state.replacements, [(3, list(&[Value::map([("e", Value::Int(3))])]))]);
    let (code, message, ..) = run.failure.unwrap();
    assert_eq!(code, "absent");
    assert!(message.contains("`own` has no value yet"), "{message}");
}

#[test]
fn a_copy_is_read_part_by_part() {
    let mut run = Run::default();
    let mut desk = hosted(&mut run);
    run.state.value = Some(book());
    // Read as a whole it would have to be a record, which the host of this test cannot make.
    assert_eq!(desk.call(FUNCTION_ON_SIGINT, &[], &mut run), FAILED);
    let (_, message, ..) = run.failure.unwrap();
    assert!(message.contains("expected Record, got Map"), "{message}");
    let one = Value::Decimal(Decimal::ONE);
    let bids = Value::List(vec!["bids".into()]);
    let spans = [(bids.clone(), Value::Nil, false), (bids.clone(), Value::Nil, true), (bids, one, false)];
    assert_eq!(run.state.spans, spans);
}

#[test]
fn the_function_of_a_copy_is_told_what_changed() {
    let mut run = Run::default();
    let mut desk = hosted(&mut run);
    let arena = Arena::new();
    let path = Value::List(vec!["bids".into(), Value::Decimal(Decimal::ONE)]);
    let paths = [path.to_slot(&arena)];
    let changes = [Slot::bool(true), Slot::int(3), Slot::int(5), Slot::list(&paths)];
    assert_eq!(desk.call(FUNCTION_STATE, &changes, &mut run), OK);
    let changes = [Slot::bool(false), Slot::int(6), Slot::int(6), Slot::list(&paths)];
    assert_eq!(desk.call(FUNCTION_STATE, &changes, &mut run), OK);
    let condition = [Slot::bool(false), Slot::NIL, Slot::NIL, Slot::list(&[])];
    assert_eq!(desk.call(FUNCTION_STATE, &condition, &mut run), OK);
    // A state without a function, and one that there is not.
    assert_eq!(desk.call(FUNCTION_STATE + 1, &condition, &mut run), FAILED);
    assert_eq!(desk.call(FUNCTION_STATE + 9, &condition, &mut run), FAILED);
}

#[test]
fn states_whose_models_are_known_only_at_run_time_are_changed_by_maps() {
    let mut run = Run::default();
    let mut desk = hosted(&mut run);
    run.state.value = Some(Value::map([("a", Value::Int(1))]));
    assert_eq!(desk.call(FUNCTION_ON_SIGTERM, &[], &mut run), OK, "{:?}", run.failure);
    let list = |values: &[Value]| Value::List(values.to_vec());
    let deep = list(&["bids".into(), Value::Decimal(Decimal::ONE), Value::Nil]);
    let own = list(&[list(&["symbol".into(), "X".into()]), deep]);
    assert_eq!(run.state.changes, [(2, own), (3, list(&[list(&["a".into(), Value::Nil])]))]);
}
