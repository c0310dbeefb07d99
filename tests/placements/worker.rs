//! A service that does what a text tells it to do, with everything that a context offers.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender as ChannelSender, channel};

use service_framework::prelude::*;
use service_framework::{Placement, Service, ServiceBuilder, json};

use crate::support::messages::request;
use crate::support::peer::Peer;

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Text {
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

#[derive(Clone, Debug, Model)]
pub(crate) struct Settings {
    /// A number of the test's own, by which its gates are found.
    #[model(default = 0)]
    pub(crate) test: i64,
    /// What `main` is told to do.
    #[model(default = "")]
    pub(crate) task: String,
}

pub(crate) const PEER: Requester<Text, Text> = Requester::new("peer");
pub(crate) const STUBBORN: Requester<Text, Text> = Requester::new("stubborn");
pub(crate) const VENUE: ExternalTarget<Text, Text> = ExternalTarget::new("venue");

/// The test's side of a target that is held: it says that it was called, and waits to be let go.
pub(crate) struct Gate {
    pub(crate) entered: Receiver<String>,
    pub(crate) go: ChannelSender<()>,
}

type Held = (i64, ChannelSender<String>, Receiver<()>);

static GATES: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// A gate for one target of the service that is made with this number next.
pub(crate) fn gate(test: i64) -> Gate {
    let ((entering, entered), (go, going)) = (channel(), channel());
    GATES.lock().unwrap().push((test, entering, going));
    Gate { entered, go }
}

pub(crate) struct Worker {
    settings: Settings,
    ticks: u64,
    timer: Option<Timer>,
    kept: Option<Sender>,
}

impl ServiceDefinition for Worker {
    type Config = Settings;

    fn new(settings: Settings) -> Result<Self> {
        Ok(Self { settings, ticks: 0, timer: None, kept: None })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("told", Self::on_told);
        m.requester(&PEER).timeout(Duration::from_secs(5));
        m.requester(&STUBBORN).timeout(Duration::from_secs(10)).idempotent().retries(5);
        m.external_target(&VENUE, Self::venue).timeout(Duration::from_millis(500)).calls_in_flight(2);
    }

    fn name() -> &'static str {
        "worker"
    }
}

impl Worker {
    /// One that waits at its gate when it is told to, and answers with the name of its thread.
    fn venue(&mut self) -> Result<impl Target<Text, Text> + use<>> {
        let mut gates = GATES.lock().unwrap();
        let at = gates.iter().position(|(test, ..)| *test == self.settings.test);
        let held = at.map(|at| gates.remove(at));
        Ok(move |text: Text| match (text.text.as_str(), &held) {
            ("wait", Some((_, entering, going))) => {
                entering.send(text.text.clone())?;
                going.recv()?;
                Ok(text)
            }
            ("panic", _) => panic!("told to panic"),
            ("fail", _) => Err(Error::with_code("no_market", "the market is closed")),
            _ => Ok(Text::new(std::thread::current().name().unwrap_or("?"))),
        })
    }

    fn on_told(&mut self, told: Text, ctx: &mut Context) -> Result<Text> {
        let (verb, rest) = told.text.split_once(' ').unwrap_or((&told.text, ""));
        match verb {
            "call" => ctx.send(&VENUE, &Text::new(rest)),
            "ask" => ctx.send(&PEER, &Text::new(rest)),
            "insist" => ctx.send(&STUBBORN, &Text::new(rest)),
            "tick" => {
                let period = rest.parse().map_err(|_| Error::new("no number"))?;
                self.timer = Some(ctx.every(Duration::from_millis(period), Self::tick)?);
                Ok(told)
            }
            "once" => {
                let delay = rest.parse().map_err(|_| Error::new("no number"))?;
                ctx.after(Duration::from_millis(delay), Self::tick)?;
                Ok(told)
            }
            "untick" => {
                ctx.cancel(self.timer.take().ok_or_else(|| Error::new("no timer"))?)?;
                Ok(told)
            }
            "ticks" => Ok(Text::new(self.ticks.to_string())),
            "bad-tick" => {
                ctx.every(Duration::from_millis(2), |_: &mut Self, _| Err(Error::new("told to fail")))?;
                Ok(told)
            }
            "stats" => {
                let stats = ctx.stats()?;
                let told = &stats.inbound["told"];
                Ok(Text::new(format!("received={} sent={}", told.received, told.sent)))
            }
            "keep" => {
                self.kept = Some(ctx.sender()?);
                Ok(told)
            }
            "misuse" => self.kept.as_ref().ok_or_else(|| Error::new("none is kept"))?.send(&PEER, &told),
            "thread" => {
                let (sender, (say, said)) = (ctx.sender()?, channel());
                std::thread::spawn(move || say.send(sender.send(&PEER, &Text::new("from a thread"))));
                let answer = loop {
                    // It needs the sockets, which this function holds until it waits.
                    ctx.wait(Duration::from_millis(1))?;
                    if let Ok(answer) = said.try_recv() {
                        break answer?;
                    }
                };
                Ok(answer)
            }
            "flush" => {
                ctx.flush()?;
                Ok(told)
            }
            "linger" => {
                std::thread::sleep(Duration::from_millis(rest.parse().map_err(|_| Error::new("no number"))?));
                Ok(told)
            }
            _ => Ok(told),
        }
    }

    fn tick(&mut self, _: &mut Context) -> Result<()> {
        self.ticks += 1;
        Ok(())
    }
}

/// Where nobody listens: a port of this machine that only its administrator could bind.
pub(crate) const NOBODY: &str = "127.0.0.1:1";

/// The service, with these addresses for its requesters.
pub(crate) fn worker(placement: Placement, test: i64, peer: &service_framework::Json) -> ServiceBuilder {
    let addresses = json!({"connections": {
        "in": {"told": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": peer}, "stubborn": {"requester": peer}},
    }});
    Service::of::<Worker>().addresses(addresses).config(json!({"test": test})).placement(placement)
}

/// Somebody who tells the service what to do.
pub(crate) fn teller(service: &Service) -> Peer {
    Peer::dealer(service.address("told").expect("a running service"))
}

/// Tells it and returns what it answers: its text, or the code of its error.
pub(crate) fn tell(teller: &mut Peer, text: &str) -> String {
    let reply = teller.ask(&request(text, "w"));
    match reply.code() {
        "no error" => reply.text().to_owned(),
        code => code.to_owned(),
    }
}
