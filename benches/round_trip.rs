//! What a request between two processes costs, beside loops written by hand over the same sockets.
//!
//! Owns the contestants and the table. This program starts itself again for each side of each contestant: a desk that
//! answers, and a client that asks when it is told to. All contestants stay connected and take turns, in another order
//! each round, so that each round gives one ratio. The loops by hand use the sockets of the same crate with the same
//! workload profiles and framing, read and write the same fields, and validate nothing; the framework checks everything.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use bench_desk::stats::{median, paired_ratio, quantile};
use bench_desk::{Ack, Order, OwnedAck, acknowledge, by_hand, message};
use bytes::Bytes;
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Endpoint, Message, Options, Socket, SocketType};
use rmp::encode::ByteBuf;
use service_framework::prelude::*;
use service_framework::{Service, json};

const ROUNDS: usize = 61;
const TURN: i64 = 500;
/// Round trips before the first turn, in which connections and buffers settle.
const WARM_UP: i64 = 500;

/// The argument that makes this program one side of a contestant: it is followed by the side and the endpoint.
const SIDE: &str = "--side";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == SIDE) {
        Some(at) => side(&arguments[at + 1], &arguments[at + 2]),
        None => measure(),
    }
}

fn side(side: &str, endpoint: &str) {
    match side {
        "desk by hand" => block_on(desk_by_hand(endpoint)),
        "desk of the framework" => desk_of_framework(endpoint),
        "client by hand" => block_on(client_by_hand(endpoint)),
        "client of the framework" => {
            let mut service = client_of_framework::<Client<false>>(endpoint);
            service.run_service().expect("a client");
        }
        "client in main mode" => {
            let mut service = client_of_framework::<Client<true>>(endpoint);
            service.run_service_as_main_blocking().expect("a client");
        }
        other => panic!("no side is called `{other}`"),
    }
}

/// The pairs of sides; the first is what the others are compared to.
const CONTESTANTS: [(&str, &str, &str); 5] = [
    ("both by hand", "client by hand", "desk by hand"),
    ("both of the framework", "client of the framework", "desk of the framework"),
    ("both of the framework, client in main mode", "client in main mode", "desk of the framework"),
    ("framework asks, by hand answers", "client of the framework", "desk by hand"),
    ("by hand asks, framework answers", "client by hand", "desk of the framework"),
];

fn measure() {
    println!("{ROUNDS} rounds of {TURN} round trips each");
    let folder = std::env::temp_dir().join(format!("round-trip-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for socket files");
    table("tcp", |_| "tcp://127.0.0.1:0".to_owned());
    table("ipc", |number| format!("ipc://{}", folder.join(number.to_string()).display()));
    std::fs::remove_dir_all(&folder).expect("the folder is still there");
}

/// Measures, and prints a line for each contestant.
fn table(transport: &str, endpoint: impl Fn(usize) -> String) {
    let start = |(number, (name, client, desk))| Contestant::start(name, client, desk, &endpoint(number));
    let mut contestants: Vec<Contestant> = CONTESTANTS.into_iter().enumerate().map(start).collect();
    for round in 0..ROUNDS {
        let count = contestants.len();
        for turn in 0..count {
            contestants[(round + turn) % count].turn();
        }
    }
    println!("\n{transport:<46} {:>7} {:>16} {:>7} {:>7}", "p50 us", "of rounds", "p99 us", "ratio");
    let to = contestants[0].p50.clone();
    for Contestant { name, p50, p99, .. } in &contestants {
        let range = format!("{:.1} to {:.1}", quantile(p50, 0.0), quantile(p50, 1.0));
        let ratio = paired_ratio(p50, &to);
        println!("  {name:<44} {:>7.1} {range:>16} {:>7.1} {ratio:>7.2}", median(p50), median(p99));
    }
}

struct Contestant {
    name: &'static str,
    client: Process,
    /// Stays until the client has gone.
    _desk: Process,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Contestant {
    fn start(name: &'static str, client: &str, desk: &str, endpoint: &str) -> Self {
        let mut desk = Process::start(desk, endpoint);
        let bound = desk.line();
        let mut client = Process::start(client, &bound);
        assert_eq!(client.line(), "ready", "{name}");
        Self { name, client, _desk: desk, p50: Vec::new(), p99: Vec::new() }
    }

    fn turn(&mut self) {
        writeln!(self.client.input.as_mut().expect("an open pipe"), "go").expect("a client that listens");
        let line = self.client.line();
        let (p50, p99) = line.split_once(' ').expect("two figures");
        self.p50.push(p50.parse().expect("a number"));
        self.p99.push(p99.parse().expect("a number"));
    }
}

/// This program again, as one side. It ends when nobody is left to write to it.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(side: &str, endpoint: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.args([SIDE, side, endpoint]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "a process of the benchmark ended early");
        line.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// What every client does: warms up, then takes a turn whenever it is told to, and prints its figures.
#[derive(Default)]
struct Turns {
    turn: usize,
    sequence: i64,
    microseconds: Vec<f64>,
}

impl Turns {
    /// Returns how many round trips come next; `None` when it is over. What was measured before is printed.
    fn next(&mut self) -> Option<i64> {
        self.turn += 1;
        match self.turn {
            1 => return Some(WARM_UP),
            2 => println!("ready"),
            _ => println!("{} {}", median(&self.microseconds), quantile(&self.microseconds, 0.99)),
        }
        self.microseconds.clear();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).expect("text");
        (read > 0).then_some(TURN)
    }

    fn order(&mut self) -> Order<'static> {
        self.sequence += 1;
        message::order(message::SEQUENCE + self.sequence)
    }

    /// Notes a round trip, whose reply was read.
    fn took(&mut self, began: Instant, ack: &Ack<'_>) {
        self.microseconds.push(began.elapsed().as_nanos() as f64 / 1e3);
        assert_eq!(*ack, acknowledge(&message::order(message::SEQUENCE + self.sequence)));
    }
}

/// Runs until nobody is left to write to this process.
fn until_left() {
    let mut nothing = String::new();
    let _ = std::io::stdin().lock().read_line(&mut nothing);
}

fn block_on(side: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().expect("an executor");
    runtime.block_on(side);
}

/// A socket with the options that the framework gives its own.
fn socket(kind: SocketType, profile: WorkloadProfile) -> Socket {
    Socket::new(kind, Options::new().workload_profile(profile))
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect("an endpoint")
}

async fn desk_by_hand(at: &str) {
    let socket = socket(SocketType::Router, WorkloadProfile::Throughput);
    println!("{}", socket.bind(endpoint(at)).await.expect("a free endpoint"));
    std::thread::spawn(|| {
        until_left();
        std::process::exit(0);
    });
    let mut desk = by_hand::Desk::default();
    loop {
        let request = socket.recv().await.expect("an open socket");
        let mut frames: Vec<Bytes> = request.iter().collect();
        let mut reply = ByteBuf::with_capacity(256);
        let [_, _, _, body] = frames.as_mut_slice() else { panic!("identity, correlation, empty frame and body") };
        desk.answer(body, &mut reply).expect("a good request");
        *body = reply.into_vec().into();
        socket.send(Message::multipart(frames)).await.expect("a client that is there");
    }
}

async fn client_by_hand(at: &str) {
    let socket = socket(SocketType::Dealer, WorkloadProfile::Latency);
    socket.connect(endpoint(at)).await.expect("an endpoint");
    let mut turns = Turns::default();
    let mut correlation = 0_u64;
    while let Some(count) = turns.next() {
        for _ in 0..count {
            let order = turns.order();
            let began = Instant::now();
            correlation += 1;
            let mut request = ByteBuf::with_capacity(256);
            by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
            let sent = Bytes::copy_from_slice(&correlation.to_be_bytes());
            let frames = [sent, Bytes::new(), request.into_vec().into()];
            socket.send(Message::multipart(frames)).await.expect("a desk that is there");
            let reply = socket.recv().await.expect("an open socket");
            assert_eq!(reply.part_slice(0), Some(correlation.to_be_bytes().as_slice()));
            let ack = by_hand::read_answer(reply.part_slice(2).expect("a body")).expect("a good reply");
            turns.took(began, &ack);
        }
    }
}

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer_borrowed::<Order, Ack>("desk", Self::on_order);
    }
}

impl Desk {
    fn on_order<'a>(&mut self, order: Order<'a>, _: &mut Context) -> Result<Ack<'a>> {
        Ok(acknowledge(&order))
    }
}

fn desk_of_framework(at: &str) {
    let addresses = json!({"connections": {"in": {"desk": {"replyer": at}}}});
    let mut service = Service::of::<Desk>().addresses(addresses).build().expect("a service");
    service.run_service().expect("a free endpoint");
    println!("{}", service.address("desk").expect("an address"));
    until_left();
    service.stop_service().expect("a service that stops");
}

/// A client, which works in `main` or, as a handler would, on the thread of its sockets.
struct Client<const IN_MAIN: bool>;

const DESK: Requester<Order<'static>, OwnedAck> = Requester::new("desk");

impl<const IN_MAIN: bool> ServiceDefinition for Client<IN_MAIN> {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
        if IN_MAIN { m.main(Self::ask) } else { m.init(Self::ask) }
    }
}

impl<const IN_MAIN: bool> Client<IN_MAIN> {
    fn ask(&mut self, ctx: &mut Context) -> Result<()> {
        let mut turns = Turns::default();
        while let Some(count) = turns.next() {
            for _ in 0..count {
                let order = turns.order();
                let began = Instant::now();
                let OwnedAck { symbol, notional, sequence } = ctx.send(&DESK, &order)?;
                turns.took(began, &Ack { symbol: &symbol, notional, sequence });
            }
        }
        Ok(())
    }
}

fn client_of_framework<T: ServiceDefinition>(at: &str) -> Service {
    let addresses = json!({"connections": {"out": {"desk": {"requester": at}}}});
    Service::of::<T>().addresses(addresses).build().expect("a service")
}
