//! From the start of a process to its first good reply, and from the signal to its end.
//!
//! Owns this section, and the desks that are started: the runner with a plugin, and the Python library where it can be
//! had. Whoever asks is a peer made by hand, which connects as soon as somebody listens and takes no time of its own.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench_desk::{acknowledge, by_hand, message};
use rmp::encode::ByteBuf;

use crate::support::PATIENCE;
use crate::support::peer::Peer;
use crate::support::python::Python;
use crate::support::runner::{Folder, runner};
use crate::{head, row, summed_up};

const STARTS: usize = 20;

pub(crate) fn measure() {
    println!("\n## Start and stop");
    let folder = Folder::new();
    head(&["", "first reply", "stop", "bare process"]);
    let (mut first, mut stop, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        bare.push(ended(runner().arg("--version")));
        let (reply, desk) = first_reply(|port| ours(port, &folder, &[]));
        first.push(reply);
        stop.push(desk.stopped());
    }
    tell("runner with a plugin", &first, Some(&stop), &bare);
    let Some(python) = Python::find() else { return };
    let (mut first, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        bare.push(ended(Command::new(python.interpreter()).args(["-c", "pass"])));
        // A signal to stop kills it: there is nothing to measure.
        first.push(first_reply(|port| theirs(port, python)).0);
    }
    tell("service of the Python library", &first, None, &bare);
}

fn tell(name: &str, first: &[f64], stop: Option<&[f64]>, bare: &[f64]) {
    let [first, bare] = [first, bare].map(|times| summed_up(times, "ms"));
    let stop = stop.map_or_else(|| "not measured".to_owned(), |times| summed_up(times, "ms"));
    row(&[name, &first, &stop, &bare]);
}

/// The milliseconds that a command takes to its end.
fn ended(command: &mut Command) -> f64 {
    let began = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("a process");
    assert!(status.success(), "{command:?} ended with {status}");
    milliseconds(began)
}

/// Starts a desk and asks it once: the milliseconds to the reply, and the desk.
fn first_reply(start: impl FnOnce(u16) -> Desk) -> (f64, Desk) {
    let port = free_port();
    let began = Instant::now();
    let desk = start(port);
    ask(port);
    (milliseconds(began), desk)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// A port that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound listener").port()
}

/// A process that answers orders. Killed when dropped.
pub(crate) struct Desk(Child);

/// The runner with the desk as a plugin, and with these flags.
pub(crate) fn ours(port: u16, folder: &Folder, flags: &[&str]) -> Desk {
    let addresses = bench_desk::addresses(&format!("127.0.0.1:{port}"));
    let addresses = folder.file(&format!("{port}.json"), addresses.to_string());
    let mut command = runner();
    command.arg("-s").arg(library()).arg("-a").arg(addresses).args(["-cl", "ERROR"]).args(flags);
    Desk(command.spawn().expect("the runner"))
}

/// The same desk as a service of the Python library.
pub(crate) fn theirs(port: u16, python: Python) -> Desk {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/suite/python/request.py");
    let mut command = Command::new(python.interpreter());
    command.arg("-B").arg(script).args(["desk", &port.to_string()]);
    // It ends when nobody is left to write to it.
    Desk(command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("an interpreter"))
}

/// The desk's library, which cargo builds beside this program.
fn library() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    program.with_file_name(format!("{}bench_desk{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

/// Asks the desk at `port`, as soon as somebody listens there, and checks the reply.
pub(crate) fn ask(port: u16) {
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "nobody listened within {PATIENCE:?}");
        std::thread::sleep(Duration::from_micros(200));
    }
    let order = message::order(message::SEQUENCE);
    let mut request = ByteBuf::new();
    by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
    let mut peer = Peer::dealer(&format!("tcp://127.0.0.1:{port}"));
    peer.send_request(request.as_slice());
    let reply = peer.receive();
    assert_eq!(by_hand::read_answer(reply.last().expect("a body")), Some(acknowledge(&order)));
}

impl Desk {
    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Asks it to stop, and waits until it is gone: the milliseconds that this takes.
    fn stopped(mut self) -> f64 {
        let began = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.id()]).status().expect("kill");
        assert!(sent.success());
        assert!(self.0.wait().expect("a child").success(), "the desk did not stop cleanly");
        milliseconds(began)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
