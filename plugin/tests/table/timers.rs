//! Timers, and what else a function asks of its context: flush and counters.

use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::{ConnectionStats, Stats};

use crate::support::{Hosted, Run};

#[derive(Default)]
struct Clock {
    ticks: u32,
    timers: Vec<Timer>,
    stats: Option<Stats>,
}

impl ServiceDefinition for Clock {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self::default())
    }

    fn models(m: &mut Models<Self>) {
        m.init(Self::init);
        m.main(Self::main);
        m.on_sigint(|clock, ctx| {
            clock.stats = Some(ctx.stats()?);
            ctx.flush()
        });
        m.on_sigterm(|clock, ctx| clock.timers.drain(..).try_for_each(|timer| ctx.cancel(timer)));
    }
}

impl Clock {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        self.timers.push(ctx.every(Duration::from_millis(20), Self::tick)?);
        self.timers.push(ctx.after(Duration::from_secs(3), Self::once)?);
        Ok(())
    }

    /// What a timer must not be.
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        let zero = ctx.every(Duration::ZERO, Self::tick).unwrap_err();
        assert_eq!(zero.field(), Some("period"));
        let other = ctx.after(Duration::ZERO, |_: &mut Other, _| Ok(())).unwrap_err();
        assert!(other.message().contains("::Other`"), "{other}");
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<()> {
        self.ticks += 1;
        match self.ticks {
            2 => self.timers.drain(..).try_for_each(|timer| ctx.cancel(timer)),
            _ => Ok(()),
        }
    }

    fn once(&mut self, ctx: &mut Context) -> Result<()> {
        self.timers.push(ctx.after(Duration::MAX, Self::once)?);
        Err(Error::new(format!("{} ticks", self.ticks)))
    }
}

struct Other;

impl ServiceDefinition for Other {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(_: &mut Models<Self>) {}
}

fn clock(run: &mut Run) -> Hosted {
    let mut clock = Hosted::new::<Clock>(&[], run).unwrap();
    assert_eq!(clock.call(FUNCTION_INIT, &[], run), OK);
    clock
}

#[test]
fn timers_are_set_with_their_times_and_call_their_functions() {
    let mut run = Run::default();
    let mut clock = clock(&mut run);
    let [(every, 20_000_000, 20_000_000), (once, 3_000_000_000, 0)] = run.timers[..] else {
        panic!("{:?}", run.timers)
    };
    assert_eq!(clock.call(FUNCTION_TIMER + every, &[], &mut run), OK);
    assert_eq!(clock.call(FUNCTION_TIMER + once, &[], &mut run), FAILED);
    assert_eq!(run.failure.take().unwrap().1, "1 ticks");
    assert_eq!(clock.call(FUNCTION_TIMER + once, &[], &mut run), FAILED);
    assert!(run.failure.take().unwrap().1.contains("no timer"));
    assert_eq!(run.timers[2].1, u64::MAX, "the longest that crosses");
}

#[test]
fn a_timer_that_is_cancelled_does_not_ring_and_one_that_has_rung_is_not_cancelled() {
    let mut run = Run::default();
    let mut clock = clock(&mut run);
    let (every, once) = (run.timers[0].0, run.timers[1].0);
    clock.call(FUNCTION_TIMER + once, &[], &mut run);
    let again = run.timers[2].0;
    assert_eq!(clock.call(FUNCTION_TIMER + every, &[], &mut run), OK);
    assert_eq!(clock.call(FUNCTION_TIMER + every, &[], &mut run), OK);
    assert_eq!(run.cancelled, [every, again]);
    for cancelled in [every, again] {
        assert_eq!(clock.call(FUNCTION_TIMER + cancelled, &[], &mut run), FAILED);
    }
}

#[test]
fn a_timer_that_the_host_refuses_is_not_set() {
    let mut run = Run { refusal: Some(("no_timers", 0)), ..Run::default() };
    let mut clock = Hosted::new::<Clock>(&[], &mut run).unwrap();
    assert_eq!(clock.call(FUNCTION_INIT, &[], &mut run), FAILED);
    assert_eq!(run.failure.take().unwrap().0, "no_timers");
    assert_eq!(clock.call(FUNCTION_TIMER + run.timers[0].0, &[], &mut run), FAILED);
    assert!(run.failure.take().unwrap().1.contains("no timer"));
}

#[test]
fn a_timer_that_the_host_does_not_cancel_is_still_set() {
    let mut run = Run::default();
    let mut clock = clock(&mut run);
    run.refusal = Some(("not_here", 0));
    assert_eq!(clock.call(FUNCTION_ON_SIGTERM, &[], &mut run), FAILED);
    assert_eq!(run.failure.take().unwrap().0, "not_here");
    assert_eq!(clock.call(FUNCTION_TIMER + run.timers[0].0, &[], &mut run), OK);
}

#[test]
fn a_period_of_zero_and_the_function_of_another_service_never_reach_the_host() {
    let mut run = Run::default();
    let mut clock = Hosted::new::<Clock>(&[], &mut run).unwrap();
    assert_eq!(clock.call(FUNCTION_MAIN, &[], &mut run), OK, "{:?}", run.failure);
    assert_eq!(run.timers, []);
}

/// Asks for the counters of its connections and answers with them.
struct Teller;

#[derive(Model)]
struct Told {
    sent: u64,
    dropped: u64,
}

impl ServiceDefinition for Teller {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("tell", |_, (), ctx| {
            ctx.flush()?;
            let ConnectionStats { sent, dropped, .. } = ctx.stats()?.outbound.remove("desk").unwrap_or_default();
            Ok(Told { sent, dropped: dropped.values().sum() })
        });
    }
}

#[test]
fn the_counters_cross_and_so_does_a_flush() {
    let stats = r#"{"in":{},"out":{"desk":{"received":9,"sent":8,"dropped":{"no_peer":2,"timed_out":1}}}}"#;
    let mut run = Run { stats, ..Run::default() };
    let mut teller = Hosted::new::<Teller>(&[], &mut run).unwrap();
    assert_eq!(teller.call(0, &[], &mut run), OK, "{:?}", run.failure);
    assert_eq!(run.replies, [Value::List(vec![8.into(), 3.into()])]);
    assert_eq!(run.flushes, 1);
    run.stats = "none";
    assert_eq!(teller.call(0, &[], &mut run), FAILED);
    assert!(run.failure.take().unwrap().1.contains("counters cannot be read"));
}
