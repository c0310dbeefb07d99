//! Both sides as services of the framework: an owner in main mode, and copies with a thread each.
//!
//! Owns these services.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bench_desk::process::told;
use service_framework::prelude::*;
use service_framework::{Json, Service, json};

use super::{Event, IS_PACED, Leave, Says, TOPIC, TURN, names, values};
use crate::turn::{Times, Turn, now};

type Keys = BTreeMap<String, i64>;

const OWNED: OutState<Keys> = OutState::new("keys");
const COPY: InState<Keys> = InState::new("keys");

pub(super) fn owner(at: &str) {
    let addresses = addresses("out", at, ["publisher", "replyer"]);
    let mut service = Service::of::<Owner>().addresses(addresses).build().expect("a service");
    service.run_service_as_main_blocking().expect("an owner");
}

pub(super) fn copies(at: &str, count: usize, says: &Says) -> Leave {
    *SAYS.lock().unwrap_or_else(PoisonError::into_inner) = Some(says.clone());
    let start = |_| {
        let addresses = addresses("in", at, ["subscriber", "requester"]);
        let mut service = Service::of::<Holder>().addresses(addresses).build().expect("a service");
        service.run_service().expect("a copy");
        service
    };
    let mut services: Vec<Service> = (0..count).map(start).collect();
    Box::new(move || services.iter_mut().for_each(|service| service.stop_service().expect("a service that stops")))
}

fn addresses(side: &str, at: &str, keys: [&str; 2]) -> Json {
    let (publisher, replyer) = at.split_once(',').expect("two addresses");
    json!({"states": {side: {"keys": {keys[0]: publisher, keys[1]: replyer}}}})
}

struct Owner;

impl ServiceDefinition for Owner {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_out(&OWNED).topic(TOPIC);
        m.main(Self::run);
    }
}

impl Owner {
    fn run(&mut self, ctx: &mut Context) -> Result<()> {
        let names = names(told().and_then(|line| line.parse().ok()).unwrap_or(1));
        let value: Keys = names.iter().map(|name| (name.clone(), 0)).collect();
        ctx.replace(&OWNED, &value)?;
        println!("ready");
        let mut turns = 0;
        while let Some(turn) = Turn::next() {
            let began = now().as_nanos();
            for (value, name) in values(&turn, turns).zip(names.iter().cycle()) {
                ctx.set(&OWNED, name.as_str(), &value)?;
            }
            turns += 1;
            ctx.set(&OWNED, TURN, &turns)?;
            ctx.flush()?;
            println!("{began}");
        }
        Ok(())
    }
}

/// To whom the copies of this process say what they do.
static SAYS: Mutex<Option<Says>> = Mutex::new(None);

struct Holder {
    says: Says,
    is_live: bool,
    turn: Option<i64>,
    times: Times,
}

impl ServiceDefinition for Holder {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        let says = SAYS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let says = says.ok_or_else(|| Error::new("nobody listens to a copy"))?;
        Ok(Self { says, is_live: false, turn: None, times: Times::default() })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_in(&COPY).topic(TOPIC).on_change(Self::on_keys);
    }
}

impl Holder {
    fn on_keys(&mut self, changes: Changes<'_>, ctx: &mut Context) -> Result<()> {
        let copy = ctx.state(&COPY)?;
        // Where a hundred copies share two cores, one that is live may look stale by the time its function is called.
        if !matches!(copy.status()?.condition, Condition::Live | Condition::Stale) {
            return Ok(());
        }
        if self.is_live && IS_PACED.load(Ordering::Relaxed) {
            for key in changes.keys::<String>() {
                let key = key?;
                if key != TURN
                    && let Some(due) = copy.get::<i64>(key)?
                {
                    self.times.note(Duration::from_nanos(due.cast_unsigned()));
                }
            }
        }
        let turn: Option<i64> = copy.get(TURN)?;
        if !self.is_live {
            self.is_live = true;
            let _ = self.says.send(Event::Live);
        } else if turn != self.turn {
            let _ = self.says.send(Event::End(std::mem::take(&mut self.times)));
        }
        self.turn = turn;
        Ok(())
    }
}
