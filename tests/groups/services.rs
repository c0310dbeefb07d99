//! Services that ask and hear each other, over sockets or in a group, and tell a test what they saw.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use service_framework::prelude::*;
use service_framework::{Group, GroupBuilder, Json, Service, json};

use crate::support::peer::Peer;

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Asked {
    #[model(max_length = 8)]
    pub(crate) symbol: String,
}

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Price {
    #[model(min = 0)]
    pub(crate) price: i64,
    /// The workflow in which it was asked for.
    pub(crate) asked_in: String,
}

/// What cannot be handed over without being written: it may be anything.
#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Anything {
    pub(crate) anything: Value,
}

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Tick {
    pub(crate) n: i64,
}

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Seen {
    pub(crate) ticks: Vec<i64>,
    /// The workflows in which the last two came.
    pub(crate) workflows: Vec<Value>,
}

const QUOTES: Requester<Asked, Price> = Requester::new("quotes");
const RAW: Requester<Asked, Anything> = Requester::new("raw");
const TICKS: Publisher<Tick> = Publisher::new("ticks");

/// Knows prices: that of a symbol is its length. Some symbols are trouble.
pub(crate) struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("quotes", Self::on_quote);
        m.replyer("raw", Self::on_raw);
    }

    fn name() -> &'static str {
        "desk"
    }
}

impl Desk {
    fn on_quote(&mut self, asked: Asked, ctx: &mut Context) -> Result<Price> {
        match asked.symbol.as_str() {
            "?" => Err(Error::caller("no_such_symbol", "nobody trades it").with_field("symbol")),
            "..." => Err(Error::with_code("closed", "the market is closed").retryable()),
            "!" => panic!("the desk is on fire"),
            "-1" => Ok(Price { price: -1, asked_in: String::new() }),
            symbol => Ok(Price { price: symbol.len() as i64, asked_in: format!("{:?}", ctx.workflow_id()) }),
        }
    }

    fn on_raw(&mut self, asked: Asked, ctx: &mut Context) -> Result<Anything> {
        let price = self.on_quote(asked, ctx)?;
        Ok(Anything { anything: Value::List(vec![price.price.into(), ctx.workflow_id()]) })
    }
}

/// Asks a desk on behalf of who asks it, counts what it hears, and tells others of each question.
pub(crate) struct Strategy {
    seen: Seen,
}

impl ServiceDefinition for Strategy {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { seen: Seen { ticks: Vec::new(), workflows: Vec::new() } })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("ask", Self::on_ask);
        m.replyer("twice", Self::on_twice);
        m.replyer("ask_raw", Self::on_ask_raw);
        m.replyer("seen", Self::on_seen);
        m.requester(&QUOTES).timeout(Duration::from_secs(20));
        m.requester(&RAW).timeout(Duration::from_secs(20));
        m.subscriber("heard", Self::on_tick).topic("T");
    }

    fn name() -> &'static str {
        "strategy"
    }
}

impl Strategy {
    fn on_ask(&mut self, asked: Asked, ctx: &mut Context) -> Result<Price> {
        ctx.send(&QUOTES, &asked)
    }

    fn on_twice(&mut self, asked: Asked, ctx: &mut Context) -> Result<Price> {
        ctx.send(&QUOTES, &asked)?;
        ctx.send(&QUOTES, &asked)
    }

    fn on_ask_raw(&mut self, asked: Asked, ctx: &mut Context) -> Result<Anything> {
        ctx.send(&RAW, &asked)
    }

    fn on_seen(&mut self, _: Asked, _: &mut Context) -> Result<Seen> {
        Ok(self.seen.clone())
    }

    fn on_tick(&mut self, tick: Tick, ctx: &mut Context) -> Result<()> {
        self.seen.ticks.push(tick.n);
        self.seen.workflows.push(ctx.workflow_id());
        let old = self.seen.workflows.len().saturating_sub(2);
        self.seen.workflows.drain(..old);
        if tick.n == 13 { Err(Error::new("unlucky")) } else { Ok(()) }
    }
}

/// Publishes as many ticks as it is asked to.
pub(crate) struct Feed {
    n: i64,
}

impl ServiceDefinition for Feed {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { n: 0 })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("publish", Self::on_publish);
        m.publisher(&TICKS).topic("T");
    }

    fn name() -> &'static str {
        "feed"
    }
}

impl Feed {
    fn on_publish(&mut self, tick: Tick, ctx: &mut Context) -> Result<Tick> {
        for _ in 0..tick.n {
            self.n += 1;
            ctx.send(&TICKS, &Tick { n: self.n })?;
        }
        Ok(Tick { n: self.n })
    }
}

/// Hears its own ticks and answers each with the next one, up to ten: a circle of publications.
pub(crate) struct Echo {
    heard: Vec<i64>,
}

impl ServiceDefinition for Echo {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { heard: Vec::new() })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("begin", Self::on_begin);
        m.publisher(&TICKS).topic("T");
        m.subscriber("heard", Self::on_tick).topic("T");
    }

    fn name() -> &'static str {
        "echo"
    }
}

impl Echo {
    fn on_begin(&mut self, tick: Tick, ctx: &mut Context) -> Result<Seen> {
        if tick.n > 0 {
            ctx.send(&TICKS, &tick)?;
        }
        Ok(Seen { ticks: self.heard.clone(), workflows: Vec::new() })
    }

    fn on_tick(&mut self, tick: Tick, ctx: &mut Context) -> Result<()> {
        self.heard.push(tick.n);
        if tick.n < 10 { ctx.send(&TICKS, &Tick { n: tick.n + 1 }) } else { Ok(()) }
    }
}

/// Answers each of its own ticks with two more, which no queue can hold.
pub(crate) struct Doubler;

impl ServiceDefinition for Doubler {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("begin", Self::on_begin);
        m.publisher(&TICKS).topic("T");
        m.subscriber("heard", Self::on_tick).topic("T").queue_messages(100);
    }

    fn name() -> &'static str {
        "doubler"
    }
}

impl Doubler {
    fn on_begin(&mut self, tick: Tick, ctx: &mut Context) -> Result<Tick> {
        ctx.send(&TICKS, &tick)?;
        Ok(tick)
    }

    fn on_tick(&mut self, tick: Tick, ctx: &mut Context) -> Result<()> {
        ctx.send(&TICKS, &tick)?;
        ctx.send(&TICKS, &tick)
    }
}

type Job = Box<dyn FnOnce(&mut Context) -> Result<()> + Send>;

/// Runs what a test gives it as its main.
pub(crate) struct Leader;

static JOB: OnceLock<Mutex<Option<Job>>> = OnceLock::new();
/// One leader at a time: they share the place from which they take their job.
static LEADING: Mutex<()> = Mutex::new(());

impl ServiceDefinition for Leader {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&QUOTES).timeout(Duration::from_secs(20));
        m.publisher(&TICKS).topic("T");
        m.main(Self::lead);
    }

    fn name() -> &'static str {
        "leader"
    }
}

impl Leader {
    fn lead(&mut self, ctx: &mut Context) -> Result<()> {
        let job = JOB.get().and_then(|job| job.lock().unwrap().take()).expect("a job");
        job(ctx)
    }
}

/// Runs a group whose leader does this, to its end.
pub(crate) fn led(group: GroupBuilder, job: impl FnOnce(&mut Context) -> Result<()> + Send + 'static) {
    let _one = LEADING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    *JOB.get_or_init(Mutex::default).lock().unwrap() = Some(Box::new(job));
    group.main("leader", Service::of::<Leader>()).build().unwrap().run_blocking().unwrap();
}

pub(crate) fn asked(ctx: &mut Context, symbol: &str) -> Result<Price> {
    ctx.send(&QUOTES, &Asked { symbol: symbol.to_owned() })
}

pub(crate) fn tick(ctx: &mut Context, n: i64) -> Result<()> {
    ctx.send(&TICKS, &Tick { n })
}

/// Asks and publishes from a thread of its own, as often as there is somebody to ask, and says what it was told.
pub(crate) fn from_a_thread(sender: Sender, symbol: &'static str) -> std::thread::JoinHandle<Result<Price>> {
    std::thread::spawn(move || {
        sender.send(&TICKS, &Tick { n: 7 })?;
        sender.send(&QUOTES, &Asked { symbol: symbol.to_owned() })
    })
}

/// A service whose thread asks for a price as soon as it can.
pub(crate) struct Poster;

static POSTED: Mutex<Option<Result<Price>>> = Mutex::new(None);

impl ServiceDefinition for Poster {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&QUOTES).timeout(Duration::from_secs(20));
        m.publisher(&TICKS).topic("T");
        m.init(|_, ctx| {
            let thread = from_a_thread(ctx.sender()?, "ABC");
            std::thread::spawn(move || *POSTED.lock().unwrap() = thread.join().ok());
            Ok(())
        });
    }

    fn name() -> &'static str {
        "poster"
    }
}

/// A service that cannot begin.
pub(crate) struct Sick;

impl ServiceDefinition for Sick {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.init(|_, _| Err(Error::new("no medicine")));
    }

    fn name() -> &'static str {
        "sick"
    }
}

/// What the poster's thread was told.
pub(crate) fn posted() -> Option<Result<Price>> {
    POSTED.lock().unwrap().take()
}

/// Three services that are wired in one way or another, and how a test speaks to them.
pub(crate) struct Three {
    pub(crate) desk: Service,
    pub(crate) strategy: Service,
    pub(crate) feed: Service,
}

pub(crate) fn doors(names: &[&str]) -> Json {
    names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"replyer": "127.0.0.1:0"})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The doors of the strategy.
pub(crate) const STRATEGY: &[&str] = &["ask", "twice", "ask_raw", "seen"];

/// Each on a thread of its own, over sockets within the process.
pub(crate) fn over_sockets(name: &str) -> Three {
    let (quotes, raw, ticks) =
        (format!("inproc://{name}-quotes"), format!("inproc://{name}-raw"), format!("inproc://{name}-ticks"));
    let run = |builder: service_framework::ServiceBuilder, addresses: Json| {
        let mut service = builder.addresses(addresses).build().unwrap();
        service.run_service().unwrap();
        service
    };
    let desk = run(
        Service::of::<Desk>(),
        json!({"connections": {"in": {"quotes": {"replyer": quotes}, "raw": {"replyer": raw}}}}),
    );
    let mut heard = doors(STRATEGY);
    heard["heard"] = json!({"subscriber": ticks});
    let strategy = run(
        Service::of::<Strategy>(),
        json!({"connections": {"in": heard, "out": {"quotes": {"requester": quotes}, "raw": {"requester": raw}}}}),
    );
    let feed = run(
        Service::of::<Feed>(),
        json!({"connections": {"in": doors(&["publish"]), "out": {"ticks": {"publisher": ticks}}}}),
    );
    Three { desk, strategy, feed }
}

/// The same on one thread, wired to each other.
pub(crate) fn in_a_group() -> Group {
    let group = Group::new()
        .service("strategy", Service::of::<Strategy>().addresses(json!({"connections": {"in": doors(STRATEGY)}})))
        .service("feed", Service::of::<Feed>().addresses(json!({"connections": {"in": doors(&["publish"])}})))
        .service("desk", Service::of::<Desk>())
        .relation("strategy.quotes", "desk.quotes")
        .relation("strategy.raw", "desk.raw")
        .relation("feed.ticks", "strategy.heard");
    let mut group = group.build().unwrap();
    group.run().unwrap();
    group
}

/// Asks at an address, and gives the whole body of the answer.
pub(crate) fn answer(address: &str, body: &[u8]) -> Vec<u8> {
    let mut peer = Peer::dealer(address);
    peer.send_request(body);
    peer.receive().pop().expect("a body")
}

/// A list that several threads add to.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;
