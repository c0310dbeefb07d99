//! Contestants: the processes of each, and the turns that they take.
//!
//! Owns the order of turns, which is another one each round, and what a turn says. Those that spin while they have nothing
//! to do, and crowds, are stopped while others have their turn. Never makes a table of it.

use std::process::{Command, Stdio};
use std::time::Duration;

use bench_desk::proc::{memory, used};
use bench_desk::process::Process;

use crate::asking::ask;
use crate::crowd::ask_nats;
use crate::others::Others;
use crate::side::SIDE;
use crate::turn::{Said, Times};

/// How long a process is left alone after it was started or woken.
const SETTLED: Duration = Duration::from_millis(20);
/// The same where it was stopped: all of its threads, which may be thousands, want a turn first.
const RESUMED: Duration = Duration::from_millis(60);
/// More than any machine has.
const ALL_CORES: &str = "0-1023";
const CONNECTED: Duration = Duration::from_millis(300);

/// A contestant: its name, and the words that say what its two sides are.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// The side that others connect to, or both where they are one process.
    pub(crate) first: &'static str,
    pub(crate) second: &'static str,
    /// The name of the loop by hand over the same transport.
    pub(crate) beside: &'static str,
}

impl Entry {
    pub(crate) fn is_python(&self) -> bool {
        self.first == "python"
    }

    pub(crate) fn is_nats(&self) -> bool {
        self.first.starts_with("nats")
    }

    pub(crate) fn is_runner(&self) -> bool {
        self.first == "runner"
    }

    fn spins(&self) -> bool {
        self.is_python() || self.first.ends_with(" busy")
    }
}

/// What a turn consists of.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) count: i64,
    /// How many messages are due in a second; 0 if each leaves as soon as it can.
    pub(crate) rate: u32,
    /// How many requests are on their way at a time.
    pub(crate) in_flight: usize,
}

impl Measure {
    /// Messages that leave as soon as they can, requests one after another.
    pub(crate) const fn of(count: i64) -> Self {
        Self { count, rate: 0, in_flight: 1 }
    }

    /// The same at a pace.
    pub(crate) const fn at(self, rate: u32) -> Self {
        Self { rate, ..self }
    }

    /// The same with as many on their way.
    pub(crate) const fn in_flight(self, in_flight: usize) -> Self {
        Self { in_flight, ..self }
    }

    /// As a side is told of it.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.count, self.rate, self.in_flight)
    }
}

/// What came of the turns of one measure, a figure for each round.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    pub(crate) p50: Vec<f64>,
    pub(crate) p99: Vec<f64>,
    pub(crate) p999: Vec<f64>,
    pub(crate) a_second: Vec<f64>,
    /// Microseconds of CPU for each message that came: all processes, servers included, but for a sender that keeps a
    /// pace.
    pub(crate) cpu: Vec<f64>,
    pub(crate) sent: i64,
    pub(crate) lost: i64,
    pub(crate) times: Times,
}

/// A contestant whose processes run.
pub(crate) struct Contestant {
    pub(crate) entry: Entry,
    /// Who is told to take a turn.
    sender: Process,
    /// Who says what came of it; nobody if that is the sender.
    receivers: Vec<Process>,
    /// Waits for nothing, and ends last.
    desk: Option<Process>,
    server: Option<String>,
    /// Whether it is stopped while others have their turn.
    rests: bool,
    /// A fraction for those that are too slow for what others do.
    slower: u32,
    pub(crate) figures: Vec<Figures>,
}

impl Contestant {
    /// A desk and a client, connected.
    pub(crate) fn of_requests(entry: Entry, endpoint: &str, others: &Others) -> Self {
        let mut desk = (!entry.second.is_empty()).then(|| start("desk", entry.first, endpoint, others));
        let bound = match &mut desk {
            Some(_) if entry.is_python() => endpoint.to_owned(),
            Some(desk) => desk.line(),
            None => String::new(),
        };
        let words = if desk.is_some() { entry.second } else { entry.first };
        let sender = start("client", words, &bound, others);
        let contestant = Self::settled(entry, sender, Vec::new(), desk, entry.spins(), others);
        if !contestant.rests {
            // Where the scheduler puts two processes differs from start to start, and to wake one on another core may take
            // longer than all the rest of a round trip.
            contestant.pin("0");
        }
        contestant
    }

    /// A publisher and this many subscribers, connected.
    pub(crate) fn of_publications(entry: Entry, subscribers: usize, endpoint: &str, others: &Others) -> Self {
        let receivers = (0..subscribers).map(|_| start("subscriber", entry.second, endpoint, others)).collect();
        let mut sender = start("publisher", entry.first, endpoint, others);
        sender.tell(&subscribers.to_string());
        Self::settled(entry, sender, receivers, None, entry.spins(), others)
    }

    /// A host with this many desks, and a client with this many connections, to one after another.
    pub(crate) fn of_crowd(entry: Entry, desks: usize, connections: usize, others: &Others) -> Self {
        let Hosted { host, endpoints, .. } = Hosted::start(entry, desks, others);
        let sender = Process::again(&[SIDE, "asker", &connections.to_string(), &endpoints.join(" ")]);
        // A thousand threads with next to nothing to do are felt by others.
        let contestant = Self::settled(entry, sender, Vec::new(), Some(host), true, others);
        contestant.pin("0");
        contestant
    }

    fn settled(
        entry: Entry,
        mut sender: Process,
        receivers: Vec<Process>,
        desk: Option<Process>,
        rests: bool,
        others: &Others,
    ) -> Self {
        assert_eq!(sender.line(), "ready", "{}", entry.name);
        std::thread::sleep(CONNECTED);
        let server = if entry.is_nats() { others.nats.as_ref().map(|server| server.id()) } else { None };
        let slower = if entry.is_python() { 20 } else { 1 };
        let contestant = Self { entry, sender, receivers, desk, server, rests, slower, figures: Vec::new() };
        contestant.signal("-STOP");
        contestant
    }

    pub(crate) fn processes(&self) -> Vec<String> {
        let processes = std::iter::once(&self.sender).chain(&self.receivers).chain(&self.desk);
        processes.map(Process::id).chain(self.server.clone()).collect()
    }

    /// Has client and desk run on these cores, or wherever the system puts them.
    pub(crate) fn on_cores(mut self, cores: Option<[&str; 2]>) -> Self {
        let [client, desk] = cores.unwrap_or([ALL_CORES; 2]);
        if self.rests && cores.is_some() && client == desk {
            // Two that spin on one core wait for each other's slices of its time.
            self.slower = 40;
        }
        self.pin_process(&self.sender.id(), client);
        self.desk.iter().for_each(|process| self.pin_process(&process.id(), desk));
        self
    }

    /// Puts all threads of all processes onto these cores.
    fn pin(&self, cores: &str) {
        self.processes().iter().for_each(|process| self.pin_process(process, cores));
    }

    fn pin_process(&self, process: &str, cores: &str) {
        let mut taskset = Command::new("taskset");
        taskset.args(["-a", "-c", "-p", cores, process]).stdout(Stdio::null());
        assert!(taskset.status().expect("the tool `taskset`").success(), "{} has ended", self.entry.name);
    }

    fn signal(&self, signal: &str) {
        if self.rests {
            let mut kill = Command::new("kill");
            kill.arg(signal).args(self.processes());
            assert!(kill.status().expect("the tool `kill`").success(), "{} has ended", self.entry.name);
        }
    }

    fn turn(&mut self, measure: Measure) -> Figures {
        let slower = Measure::of(measure.count / i64::from(self.slower)).at(measure.rate / self.slower);
        let measure = slower.in_flight(measure.in_flight);
        self.signal("-CONT");
        std::thread::sleep(if self.rests { RESUMED } else { SETTLED });
        // Whoever sends at a pace spins until a message is due: that is no work.
        let mut processes = self.processes();
        if measure.rate > 0 {
            processes.remove(0);
        }
        let used = |processes: &[String]| processes.iter().map(|id| used(id).nanoseconds).sum::<u64>();
        let before = used(&processes);
        self.sender.tell(&measure.line());
        let all: Vec<Said> = if self.receivers.is_empty() {
            vec![Said::read(&self.sender.line())]
        } else {
            self.receivers.iter_mut().map(|receiver| Said::read(&receiver.line())).collect()
        };
        let nanoseconds = (used(&processes) - before) as f64;
        self.signal("-STOP");
        let mut times = Times::default();
        all.iter().for_each(|said| times.merge(&said.times));
        let came: i64 = all.iter().map(|said| said.count).sum();
        let rates = all.iter().map(|said| said.count as f64 / said.seconds);
        let sent = measure.count * all.len() as i64;
        Figures {
            p50: vec![times.within(0.5)],
            p99: vec![times.within(0.99)],
            p999: vec![times.within(0.999)],
            a_second: vec![rates.fold(f64::INFINITY, f64::min)],
            // Where the sender is all there is, nothing was counted.
            cpu: vec![if processes.is_empty() { f64::NAN } else { nanoseconds / 1e3 / came as f64 }],
            sent,
            lost: sent - came,
            times,
        }
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        self.signal("-CONT");
        if let Some(server) = &self.server {
            // It outlives this contestant.
            let mut taskset = Command::new("taskset");
            taskset.args(["-a", "-c", "-p", ALL_CORES, server]).stdout(Stdio::null());
            let _ = taskset.status();
        }
    }
}

/// Measures contestants: in each round each takes a turn of each measure.
pub(crate) fn measure(contestants: &mut [Contestant], measures: &[Measure], rounds: usize) {
    for contestant in &mut *contestants {
        // In it connections and buffers settle.
        contestant.turn(measures[0]);
        contestant.figures = vec![Figures::default(); measures.len()];
    }
    let count = contestants.len();
    for round in 0..rounds {
        for turn in 0..count {
            let contestant = &mut contestants[(round + turn) % count];
            for (number, measure) in measures.iter().enumerate() {
                let turn = contestant.turn(*measure);
                let all = &mut contestant.figures[number];
                all.p50.extend(turn.p50);
                all.p99.extend(turn.p99);
                all.p999.extend(turn.p999);
                all.a_second.extend(turn.a_second);
                all.cpu.extend(turn.cpu);
                all.sent += turn.sent;
                all.lost += turn.lost;
                all.times.merge(&turn.times);
            }
        }
    }
}

/// A process with many desks. It has had one before, which has answered.
pub(crate) struct Hosted {
    pub(crate) host: Process,
    /// What the first one took, in bytes of memory.
    pub(crate) before: u64,
    /// How many milliseconds it took to start the others, one after another.
    pub(crate) took: f64,
    pub(crate) endpoints: Vec<String>,
}

impl Hosted {
    pub(crate) fn start(entry: Entry, desks: usize, others: &Others) -> Self {
        let server = others.endpoint(&entry, String::new);
        let mut host = Process::again(&[SIDE, "host", entry.first, &server]);
        let first = host.line();
        assert_eq!(Self::ask(&entry, &[&first], others), 1);
        let before = memory(&host.id()).resident;
        host.tell(&desks.to_string());
        let line = host.line();
        let (took, endpoints) = line.split_once(' ').expect("a time and endpoints");
        let endpoints = endpoints.split(' ').map(str::to_owned).collect();
        Self { host, before, took: took.parse().expect("a time"), endpoints }
    }

    /// Asks all of them at once, and returns how many have answered.
    pub(crate) fn answered(&self, entry: &Entry, others: &Others) -> usize {
        Self::ask(entry, &self.endpoints.iter().map(String::as_str).collect::<Vec<_>>(), others)
    }

    fn ask(entry: &Entry, endpoints: &[&str], others: &Others) -> usize {
        match others.nats.as_ref().filter(|_| entry.is_nats()) {
            Some(server) => ask_nats(&server.url, endpoints),
            None => ask(endpoints),
        }
    }
}

/// A side as a process.
pub(crate) fn start(role: &str, words: &str, endpoint: &str, others: &Others) -> Process {
    let Some(python) = others.python.filter(|_| words == "python") else {
        return Process::again(&[SIDE, role, words, endpoint]);
    };
    let port = || endpoint.rsplit_once(':').expect("a port").1;
    let (script, at) = match role {
        "desk" | "client" => ("request.py", port()),
        "publisher" | "subscriber" => ("publish.py", port()),
        _ => ("states.py", endpoint),
    };
    let mut command = Command::new(python.interpreter());
    command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/").to_owned() + script);
    command.args([role, at]).stderr(Stdio::null());
    Process::start(command)
}
