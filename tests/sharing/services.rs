//! The two sides of a state as services that a test asks: an owner that changes its states, and a reader that tells of
//! its copies.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use service_framework::prelude::*;
use service_framework::{Json, Placement, Service, State, json};

use crate::support::messages::request_with;
use crate::support::peer::Peer;
use crate::support::{free_address, until};

/// A value with parts that are changed key by key.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct Book {
    symbol: String,
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
}

/// What is changed: numbers by key, a level of the book, and the total that follows from them.
#[derive(Clone, Debug, Model)]
pub(crate) struct Change {
    key: String,
    /// Nothing removes the key.
    value: Option<i64>,
}

#[derive(Debug, PartialEq, Model)]
pub(crate) struct Total {
    count: u64,
    sum: i64,
}

/// What a side has.
#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Told {
    numbers: String,
    total: String,
    book: String,
    condition: String,
    epoch: u64,
    number: u64,
    missed: u64,
    calls: u64,
    keys: String,
}

type Numbers = BTreeMap<String, i64>;

const NUMBERS: OutState<Numbers> = OutState::new("numbers");
const TOTAL: OutState<Total> = OutState::new("total");
const BOOK: OutState<Book> = OutState::new("book");
const NUMBERS_HERE: InState<Numbers> = InState::new("numbers");
const TOTAL_HERE: InState<Total> = InState::new("total");
const BOOK_HERE: InState<Book> = InState::new("book");

/// Owns three states, and changes them as it is asked to.
pub(crate) struct Keeper {
    count: u64,
}

impl ServiceDefinition for Keeper {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { count: 0 })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_out(&NUMBERS).topic("NUMBERS").heartbeat(Duration::from_millis(100));
        m.full_update_out(&TOTAL).heartbeat(Duration::from_millis(100));
        m.delta_update_out(&BOOK).deep().peers(Peers::Own).heartbeat(Duration::from_millis(100));
        m.init(|_, ctx| ctx.replace(&BOOK, &Book::default()));
        m.replyer("change", Self::on_change);
        m.replyer("tell", Self::on_tell);
    }

    fn name() -> &'static str {
        "keeper"
    }
}

impl Keeper {
    fn on_change(&mut self, change: Change, ctx: &mut Context) -> Result<Told> {
        let Change { key, value } = change;
        let price = Decimal::from(key.len() as i64);
        match value {
            Some(value) => {
                ctx.set(&NUMBERS, key.as_str(), &value)?;
                ctx.set(&BOOK, ("bids", price), &Decimal::from(value))?;
            }
            None => {
                ctx.remove(&NUMBERS, key.as_str())?;
                ctx.remove(&BOOK, ("bids", price))?;
            }
        }
        self.count += 1;
        let mut sum = 0;
        ctx.state(&NUMBERS)?.for_each::<&str, i64>((), |_, value| {
            sum += value;
            ControlFlow::Continue(())
        })?;
        ctx.replace(&TOTAL, &Total { count: self.count, sum })?;
        told(ctx, &NUMBERS, &TOTAL, &BOOK, 0, String::new())
    }

    fn on_tell(&mut self, _: (), ctx: &mut Context) -> Result<Told> {
        told(ctx, &NUMBERS, &TOTAL, &BOOK, 0, String::new())
    }
}

/// Holds copies of all three, and tells of them.
pub(crate) struct Reader {
    calls: u64,
    keys: String,
}

impl ServiceDefinition for Reader {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { calls: 0, keys: String::new() })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_in(&NUMBERS_HERE).topic("NUMBERS").on_change(Self::on_numbers);
        m.full_update_in(&TOTAL_HERE);
        m.delta_update_in(&BOOK_HERE).deep().peers(Peers::Own);
        m.replyer("tell", Self::on_tell);
    }

    fn name() -> &'static str {
        "reader"
    }
}

impl Reader {
    fn on_numbers(&mut self, changes: Changes<'_>, ctx: &mut Context) -> Result<()> {
        self.calls += 1;
        for key in changes.keys::<&str>() {
            let key = key?;
            // A key that is told is what it is told to be, or gone.
            let _ = ctx.state(&NUMBERS_HERE)?.get::<i64>(key)?;
            self.keys = key.to_owned();
        }
        Ok(())
    }

    fn on_tell(&mut self, _: (), ctx: &mut Context) -> Result<Told> {
        told(ctx, &NUMBERS_HERE, &TOTAL_HERE, &BOOK_HERE, self.calls, self.keys.clone())
    }
}

fn told(
    ctx: &mut Context,
    numbers: &impl State<Value = Numbers>,
    total: &impl State<Value = Total>,
    book: &impl State<Value = Book>,
    calls: u64,
    keys: String,
) -> Result<Told> {
    let shown = |result: Result<String>| result.unwrap_or_else(|error| error.code().to_owned());
    let status = ctx.state(numbers)?.status()?;
    Ok(Told {
        numbers: shown(ctx.state(numbers)?.value().map(|value| format!("{value:?}"))),
        total: shown(ctx.state(total)?.value().map(|value| format!("{value:?}"))),
        book: shown(ctx.state(book)?.value().map(|value| format!("{value:?}"))),
        condition: format!("{:?}", status.condition),
        epoch: status.epoch,
        number: status.number,
        missed: status.missed,
        calls,
        keys,
    })
}

/// Where everything is.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) transport: &'static str,
    /// Publisher and replyer of the numbers, publisher of the total, publisher and replyer of the book.
    pub(crate) states: [String; 5],
}

impl Places {
    /// Addresses that are free at the moment, or names.
    pub(crate) fn new(transport: &'static str) -> Self {
        let place = |_| match transport {
            "inproc" => format!("inproc://state-{}", Uuid::new_v4()),
            _ => free_address(),
        };
        Self { transport, states: std::array::from_fn(place) }
    }

    pub(crate) fn keeper(&self) -> Json {
        let ([numbers, snapshots, total, book, levels], transport) = (&self.states, self.transport);
        json!({
            "connections": {"in": {"change": {"replyer": "127.0.0.1:0"}, "tell": {"replyer": "127.0.0.1:0"}}},
            "states": {"out": {
                "numbers": {"publisher": numbers, "replyer": snapshots, "transport": transport},
                "total": {"publisher": total, "transport": transport},
                "book": {"publisher": book, "replyer": levels, "transport": transport},
            }},
        })
    }

    pub(crate) fn reader(&self) -> Json {
        let ([numbers, snapshots, total, book, levels], transport) = (&self.states, self.transport);
        json!({
            "connections": {"in": {"tell": {"replyer": "127.0.0.1:0"}}},
            "states": {"in": {
                "numbers": {"subscriber": numbers, "requester": snapshots, "transport": transport},
                "total": {"subscriber": total, "transport": transport},
                "book": {"subscriber": book, "requester": levels, "transport": transport},
            }},
        })
    }
}

pub(crate) fn keeper(places: &Places, placement: Placement) -> Service {
    let mut service =
        Service::of::<Keeper>().addresses(places.keeper()).placement(placement).build().expect("a good service");
    service.run_service().expect("free ports");
    service
}

pub(crate) fn reader(places: &Places, placement: Placement) -> Service {
    let mut service =
        Service::of::<Reader>().addresses(places.reader()).placement(placement).build().expect("a good service");
    service.run_service().expect("free ports");
    service
}

/// Asks one of the two sides.
pub(crate) struct Asker {
    change: Option<Peer>,
    tell: Peer,
}

/// What a side has told.
#[derive(Debug)]
pub(crate) struct Heard(Value);

impl Asker {
    pub(crate) fn of(service: &Service) -> Self {
        let dealer = |name| service.address(name).map(Peer::dealer);
        Self { change: dealer("change"), tell: dealer("tell").expect("a running service") }
    }

    pub(crate) fn tell(&mut self) -> Heard {
        Heard(self.tell.ask(&request_with(Value::Map(vec![]), "w")).returned().clone())
    }

    fn change(&mut self, key: &str, value: Value) -> Heard {
        let change = request_with(Value::map([("key", Value::from(key)), ("value", value)]), "w");
        Heard(self.change.as_mut().expect("an owner").ask(&change).returned().clone())
    }

    pub(crate) fn set(&mut self, key: &str, value: i64) -> Heard {
        self.change(key, Value::Int(value))
    }

    pub(crate) fn remove(&mut self, key: &str) -> Heard {
        self.change(key, Value::Nil)
    }

    /// Waits until what is told is so.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Heard) -> bool) -> Heard {
        until(what, || Some(self.tell()).filter(|heard| is_so(heard)))
    }
}

impl Heard {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).expect("a text of that name")
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        let count = self.0.get(name).and_then(Value::as_int).expect("a number of that name");
        u64::try_from(count).expect("a count")
    }

    /// The values, without what is known of them.
    pub(crate) fn values(&self) -> [&str; 3] {
        ["numbers", "total", "book"].map(|name| self.text(name))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.text("condition") == "Live"
    }
}
