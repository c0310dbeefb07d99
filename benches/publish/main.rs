//! What becomes of publications between two processes, beside loops written by hand over the same sockets: how many a
//! second, how many are lost, and how late they are.
//!
//! Owns the contestants and the tables. This program starts itself again for each side of each contestant. All
//! contestants of a table stay connected and take turns, in another order each round, so that each round gives one ratio;
//! the Python library, which spins while it has nothing to do, is alone with the loop by hand. The loops by hand write and
//! read the same fields over a socket with the same settings and validate nothing; the framework checks everything. A
//! part of a title, such as `-- "tcp, bursts"`, measures only the tables that have it in theirs.

mod by_hand;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/support/python.rs"]
mod python;
mod services;
mod turn;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use bench_desk::process::Process;
use bench_desk::stats::{median, paired_ratio, quantile};
use python::Python;

/// The argument that makes this program one side: it is followed by the role, the words that say what it is, and the
/// endpoint.
const SIDE: &str = "--side";

/// A contestant's name, and the words that say what its publisher and its subscriber are.
type Pair = (&'static str, &'static str, &'static str);

const OMQ: [Pair; 6] = [
    ("both by hand", "by-hand omq", "by-hand omq"),
    ("both of the framework", "framework omq", "framework omq"),
    ("framework publishes, by hand hears", "framework omq", "by-hand omq"),
    ("by hand publishes, framework hears", "by-hand omq", "framework omq"),
    ("publisher in main mode (offloaded)", "framework omq main", "framework omq"),
    ("subscriber offloaded", "framework omq", "framework omq offloaded"),
];

const PYTHON: [Pair; 2] =
    [("both by hand", "by-hand omq", "by-hand omq"), ("both of the Python library", "python", "python")];

/// What is measured in the turns of a table.
#[derive(Clone, Copy)]
struct Measure {
    title: &'static str,
    rounds: usize,
    /// How many messages a turn has.
    count: i64,
    /// How many a second; 0 if as many as can be.
    rate: u32,
}

const BURSTS: Measure = Measure { title: "bursts of 10,000", rounds: 61, count: 10_000, rate: 0 };
const FLOODS: Measure = Measure { title: "floods of 1,000,000", rounds: 5, count: 1_000_000, rate: 0 };
const PACED: Measure = Measure { title: "10,000 a second", rounds: 11, count: 5_000, rate: 10_000 };
const SLOWLY: Measure = Measure { title: "1,000 a second", rounds: 7, count: 1_000, rate: 1_000 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, role, words, endpoint] = arguments.as_slice()
        && flag == SIDE
    {
        return side(role, words, endpoint);
    }
    let wanted = arguments.into_iter().find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("publish-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for socket files");
    for (transport, is_tcp) in [("tcp", true), ("ipc", false)] {
        let endpoint = |number: usize| {
            if is_tcp { free_port() } else { format!("ipc://{}", folder.join(number.to_string()).display()) }
        };
        let mut contestants: Vec<Contestant> =
            OMQ.iter().enumerate().map(|(number, pair)| Contestant::start(pair, &endpoint(number))).collect();
        for measure in [BURSTS, FLOODS, PACED] {
            let title = format!("omq, {transport}, {}", measure.title);
            if title.contains(&wanted) {
                table(&title, measure, &mut contestants);
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder is still there");
    if Python::find().is_some() {
        let mut contestants = PYTHON.map(|pair| Contestant::start(&pair, &free_port()));
        for measure in [BURSTS, PACED, SLOWLY] {
            let measure = Measure { rounds: 7, ..measure };
            let title = format!("beside Python, tcp, {}", measure.title);
            if title.contains(&wanted) {
                table(&title, measure, &mut contestants);
            }
        }
    }
}

fn side(role: &str, words: &str, endpoint: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    match (role, words.as_slice()) {
        ("publisher", ["by-hand", "omq"]) => by_hand::omq_publisher(endpoint),
        ("subscriber", ["by-hand", "omq"]) => by_hand::omq_subscriber(endpoint),
        ("publisher", ["framework", more @ ..]) => services::publisher(endpoint, more),
        ("subscriber", ["framework", more @ ..]) => services::subscriber(endpoint, more),
        _ => panic!("no side is called `{role} {words:?}`"),
    }
}

/// Two connected processes.
struct Contestant {
    name: &'static str,
    publisher: Process,
    subscriber: Process,
    turns: Vec<Figures>,
}

/// What came of a turn.
#[derive(Clone, Copy)]
struct Figures {
    a_second: f64,
    lost: i64,
    p50: f64,
    p99: f64,
}

impl Contestant {
    fn start(&(name, publisher, subscriber): &Pair, endpoint: &str) -> Self {
        let subscriber = start("subscriber", subscriber, endpoint);
        let mut publisher = start("publisher", publisher, endpoint);
        assert_eq!(publisher.line(), "ready", "{name}");
        Self { name, publisher, subscriber, turns: Vec::new() }
    }

    fn turn(&mut self, Measure { count, rate, .. }: Measure) -> Figures {
        self.publisher.tell(&format!("{count} {rate}"));
        let line = self.subscriber.line();
        let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
        let [heard, seconds, p50, p99] = numbers.as_slice() else { panic!("four figures, not {line}") };
        Figures { a_second: (heard - 1.0) / seconds, lost: count - *heard as i64, p50: *p50, p99: *p99 }
    }
}

fn start(role: &str, words: &str, endpoint: &str) -> Process {
    if words != "python" {
        return Process::again(&[SIDE, role, words, endpoint]);
    }
    let (_, port) = endpoint.rsplit_once(':').expect("a port");
    let mut command = Command::new(Python::find().expect("the Python library").interpreter());
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/publish/publish.py"));
    command.args([role, port]).stderr(Stdio::null());
    Process::start(command)
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("tcp://{}", listener.local_addr().expect("an address"))
}

/// Measures, and prints a line for each, as Markdown; the first is what the others are compared to.
fn table(title: &str, measure: Measure, contestants: &mut [Contestant]) {
    for contestant in &mut *contestants {
        // In it connections and buffers settle.
        contestant.turn(measure);
        contestant.turns.clear();
    }
    for round in 0..measure.rounds {
        let count = contestants.len();
        for turn in 0..count {
            let contestant = &mut contestants[(round + turn) % count];
            let figures = contestant.turn(measure);
            contestant.turns.push(figures);
        }
    }
    let of = |turns: &[Figures], of: fn(&Figures) -> f64| turns.iter().map(of).collect::<Vec<f64>>();
    let (unit, figure): (_, fn(&Figures) -> f64) =
        if measure.rate == 0 { ("a second", |figures| figures.a_second) } else { ("p50 us", |figures| figures.p50) };
    println!(
        "\n| {title}, {} rounds | {unit} | of rounds | ratio | p99 us | lost |\n|---|---|---|---|---|---|",
        measure.rounds
    );
    let to = of(&contestants[0].turns, figure);
    for Contestant { name, turns, .. } in contestants {
        let (values, p99) = (of(turns, figure), median(&of(turns, |figures| figures.p99)));
        let [least, middle, most] = [0.0, 0.5, 1.0].map(|share| number(quantile(&values, share)));
        let (ratio, lost) = (paired_ratio(&values, &to), turns.iter().map(|figures| figures.lost).sum::<i64>());
        let p99 = if measure.rate == 0 { String::new() } else { number(p99) };
        println!("| {name} | {middle} | {least} to {most} | {ratio:.2} | {p99} | {lost} |");
    }
}

/// Small ones with a fraction, large ones without.
fn number(value: f64) -> String {
    if value < 1e4 { format!("{value:.1}") } else { format!("{value:.0}") }
}
