//! What is measured and is not built with this program: the Python library, a NATS server, and the runner with a plugin.
//!
//! Owns how each is found and started, and what to say where it is not there. Never measures.

use std::cell::OnceCell;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::contestant::Entry;
use crate::python::Python;
use crate::runner::Runner;

/// How often a server is looked for that was just started.
const LOOKS: usize = 200;

/// The contestants that may be missing.
pub(crate) struct Others {
    pub(crate) python: Option<Python>,
    pub(crate) nats: Option<Server>,
    runner: OnceCell<Option<Runner>>,
    /// For each that is missing, what to install.
    pub(crate) missing: Vec<&'static str>,
}

impl Others {
    pub(crate) fn find() -> Self {
        let (python, nats, mut missing) = (Python::find(), Server::start(), Vec::new());
        if python.is_none() {
            missing.push("The Python library is left out: it needs `python3` with `venv`, `pip` and a package index.");
        }
        if nats.is_none() {
            missing.push("NATS is left out: there is no `nats-server` here (Debian: `apt-get install nats-server`).");
        }
        Self { python, nats, runner: OnceCell::new(), missing }
    }

    /// The runner, which is built when it is asked for first.
    pub(crate) fn runner(&self) -> Option<&Runner> {
        self.runner.get_or_init(Runner::build).as_ref()
    }

    /// Whether a contestant can take part.
    pub(crate) fn have(&self, entry: &Entry) -> bool {
        let is_there = (!entry.is_nats() || self.nats.is_some()) && (!entry.is_python() || self.python.is_some());
        is_there && (!entry.is_runner() || self.runner().is_some())
    }

    /// Where the sides of a contestant meet: at the server if it needs one.
    pub(crate) fn endpoint(&self, entry: &Entry, own: impl FnOnce() -> String) -> String {
        self.nats.as_ref().filter(|_| entry.is_nats()).map_or_else(own, |server| server.url.clone())
    }
}

/// A NATS server of this program's own.
pub(crate) struct Server {
    process: Killed,
    pub(crate) url: String,
}

impl Server {
    fn start() -> Option<Self> {
        let address = free_address();
        let server = Self::start_at(address)?;
        for _ in 0..LOOKS {
            if TcpStream::connect(address).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Starts one, and does not wait until it listens.
    pub(crate) fn start_at(address: SocketAddr) -> Option<Self> {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &address.port().to_string()]);
        let process = Killed::start(command)?;
        Some(Self { process, url: format!("nats://{address}") })
    }

    /// Its process.
    pub(crate) fn id(&self) -> String {
        self.process.id()
    }
}

/// A process that is killed when it is dropped.
pub(crate) struct Killed(Child);

impl Killed {
    /// Starts a program, if it is there. It hears and says nothing.
    pub(crate) fn start(mut command: Command) -> Option<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok().map(Self)
    }

    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Interrupts it, as one does at a terminal, and waits for its end.
    pub(crate) fn interrupt(mut self) {
        let sent = Command::new("kill").args(["-INT", &self.id()]).status();
        assert!(sent.expect("the tool `kill`").success());
        self.0.wait().expect("an end");
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address that nobody has at the moment.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}
