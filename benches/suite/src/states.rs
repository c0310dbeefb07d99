//! A state over sockets: its owner, and services that hold copies of it.
//!
//! Owns these services and what they say: the owner when it began a turn, the copies when they are live and when they have
//! seen the end of a turn. Never computes a figure.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use bench_desk::process::told;
use service_framework::prelude::*;
use service_framework::{Json, Service, json};

use crate::turn::now;

type Keys = BTreeMap<String, i64>;

const OWNED: OutState<Keys> = OutState::new("keys");
const COPY: InState<Keys> = InState::new("keys");
const TOPIC: &str = "KEYS";
/// The key that a turn ends with.
const TURN: &str = "turn";

/// Owns a state at these two addresses: it has as many keys as it is told at first, and changes them as often as it is told
/// then.
pub(crate) fn owner(at: &str) {
    let addresses = state_addresses("out", at, ["publisher", "replyer"]);
    let mut service = Service::of::<Owner>().addresses(addresses).build().expect("a service");
    service.run_service_as_main_blocking().expect("an owner");
}

/// Starts as many services with a copy as it is told, and says when all are live; then for each turn when it has come.
pub(crate) fn copies(at: &str) {
    println!("ready");
    while let Some(line) = told() {
        let count: usize = line.parse().expect("a number of copies");
        let (says, heard) = channel();
        *SAYS.lock().unwrap_or_else(PoisonError::into_inner) = Some(says);
        let began = now();
        let start = |_| {
            let addresses = state_addresses("in", at, ["subscriber", "requester"]);
            let mut service = Service::of::<Holder>().addresses(addresses).build().expect("a service");
            service.run_service().expect("a copy");
            service
        };
        let mut services: Vec<Service> = (0..count).map(start).collect();
        let mut live = 0;
        while live < count {
            let Event::Live = heard.recv().expect("a copy that says something") else { continue };
            live += 1;
        }
        println!("{}", (now() - began).as_secs_f64() * 1e3);
        // A line that is not empty asks for a turn.
        while told().is_some_and(|line| !line.is_empty()) {
            while !matches!(heard.recv().expect("a copy that says something"), Event::End) {}
            println!("{}", now().as_nanos());
        }
        for service in &mut services {
            service.stop_service().expect("a service that stops");
        }
        println!("gone");
    }
}

fn state_addresses(side: &str, at: &str, keys: [&str; 2]) -> Json {
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
        let keys = told().and_then(|line| line.parse().ok()).unwrap_or(1);
        let names: Vec<String> = (0..keys).map(|number| format!("key_{number}")).collect();
        let value: Keys = names.iter().map(|name| (name.clone(), 0)).collect();
        ctx.replace(&OWNED, &value)?;
        println!("ready");
        let mut turns = 0;
        while let Some(line) = told() {
            let count: i64 = line.parse()?;
            let began = now().as_nanos();
            for (number, name) in (1..=count).zip(names.iter().cycle()) {
                ctx.set(&OWNED, name.as_str(), &number)?;
            }
            turns += 1;
            ctx.set(&OWNED, TURN, &turns)?;
            ctx.flush()?;
            println!("{began}");
        }
        Ok(())
    }
}

/// What a copy says.
enum Event {
    Live,
    End,
}

/// To whom the copies of this process say it.
static SAYS: Mutex<Option<Sender<Event>>> = Mutex::new(None);

struct Holder {
    says: Sender<Event>,
    is_live: bool,
    turn: Option<i64>,
}

impl ServiceDefinition for Holder {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        let says = SAYS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Self { says: says.ok_or_else(|| Error::new("nobody listens to a copy"))?, is_live: false, turn: None })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_in(&COPY).topic(TOPIC).on_change(Self::on_keys);
    }
}

impl Holder {
    fn on_keys(&mut self, _: Changes<'_>, ctx: &mut Context) -> Result<()> {
        let copy = ctx.state(&COPY)?;
        if !copy.status()?.is_live() {
            return Ok(());
        }
        let turn: Option<i64> = copy.get(TURN)?;
        if !self.is_live {
            self.is_live = true;
            let _ = self.says.send(Event::Live);
        } else if turn != self.turn {
            let _ = self.says.send(Event::End);
        }
        self.turn = turn;
        Ok(())
    }
}
