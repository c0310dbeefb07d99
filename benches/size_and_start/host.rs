//! Many services in one process: what each of them adds.
//!
//! Owns that process and this section. The services wait for messages that do not come.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench_desk::proc::{Memory, memory};
use bench_desk::{OwnedAck, OwnedOrder};
use service_framework::prelude::*;
use service_framework::{Service, json};

use crate::support::process::{descriptors, threads};
use crate::{head, kib, row};

/// The argument that makes this program a host: it is followed by the kind of the services and their number.
pub(crate) const FLAG: &str = "--host";
/// A service in service mode, with one replyer.
pub(crate) const SERVICE: &str = "service";
/// A service in main mode, which waits.
pub(crate) const MAIN: &str = "main";

const COUNTS: [usize; 4] = [1, 10, 100, 500];

pub(crate) fn measure() {
    println!("\n## Services in one process");
    head(&["services", "threads", "descriptors", "RSS", "PSS", "RSS for each", "all stopped after"]);
    let (nothing, _) = measured(0);
    for count in COUNTS {
        let (memory, cells) = measured(count);
        let each = memory.resident.saturating_sub(nothing.resident) / count as u64;
        let [threads, descriptors, resident, proportional, stopped] = cells;
        row(&[&count.to_string(), &threads, &descriptors, &resident, &proportional, &kib(each), &stopped]);
    }
    println!("\nThe process without a service: RSS {}, PSS {}.", kib(nothing.resident), kib(nothing.proportional));
}

fn measured(count: usize) -> (Memory, [String; 5]) {
    let host = Host::start(SERVICE, count);
    let (id, memory) = (host.id(), memory(&host.id()));
    let (threads, descriptors) = (threads(&id).to_string(), descriptors(&id).to_string());
    let cells = [threads, descriptors, kib(memory.resident), kib(memory.proportional), host.stop()];
    (memory, cells)
}

/// A process with services.
pub(crate) struct Host {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Host {
    /// Returns when all of them run.
    pub(crate) fn start(kind: &str, count: usize) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.args([FLAG, kind, &count.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut host = Self { child, output };
        assert_eq!(host.line(), "ready");
        host
    }

    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Stops all services; how long that took.
    pub(crate) fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let told = self.line();
        assert!(self.child.wait().expect("a child").success(), "the host failed");
        told
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "the host ended early");
        line.trim_end().to_owned()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The host's own side: starts the services, says so, and stops them when its input ends.
pub(crate) fn run(kind: &str, count: usize) {
    let mut services: Vec<Service> = (0..count).map(|_| start(kind)).collect();
    println!("ready");
    let _ = std::io::stdin().lock().read_line(&mut String::new());
    let began = Instant::now();
    for service in &mut services {
        service.stop_service().expect("a service that stops");
    }
    println!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    std::io::stdout().flush().expect("somebody who reads");
}

fn start(kind: &str) -> Service {
    if kind == MAIN {
        let mut service = Service::of::<Waiting>().build().expect("a service");
        service.run_service_as_main().expect("a service that starts");
        return service;
    }
    let addresses = json!({"connections": {"in": {"desk": {"replyer": "127.0.0.1:0"}}}});
    let mut service = Service::of::<Quiet>().addresses(addresses).build().expect("a service");
    service.run_service().expect("a service that starts");
    service
}

/// A service that nobody asks.
struct Quiet;

impl ServiceDefinition for Quiet {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("desk", Self::on_order);
    }
}

impl Quiet {
    fn on_order(&mut self, order: OwnedOrder, _: &mut Context) -> Result<OwnedAck> {
        let notional = order.price * order.quantity;
        Ok(OwnedAck { symbol: order.symbol, notional, sequence: order.sequence })
    }
}

/// A service that waits in main until it is to stop.
struct Waiting;

impl ServiceDefinition for Waiting {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.main(Self::wait);
    }
}

impl Waiting {
    fn wait(&mut self, ctx: &mut Context) -> Result<()> {
        // The error says that the service is to stop.
        let _ = ctx.wait(Duration::from_secs(3600));
        Ok(())
    }
}
