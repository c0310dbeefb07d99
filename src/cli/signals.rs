//! What the runner does on signals: SIGINT and SIGTERM stop the service or the bus, a second one ends the process,
//! SIGUSR1 logs how it is doing.
//!
//! Owns the process's signal handlers, which only the runner may do: an embedded service leaves them to its program.

use std::io::{self, Write};
use std::sync::Arc;

use service_framework_runtime::{StopReason, Stopper};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};

/// Handlers that are in place until this is dropped.
pub(super) struct Installed(Handle);

impl Drop for Installed {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Has SIGUSR1 do nothing until [`install`] gives it a meaning: left alone, it would end a process that is asked too
/// early.
pub(super) fn spare_the_start() -> io::Result<()> {
    signal_hook::flag::register(SIGUSR1, Arc::default()).map(drop)
}

/// Handles the signals on a thread of its own, so that they are handled whatever the service's code does. The first one
/// that stops has the service stopped; a second one exits with 128 and the signal's number, as a shell tells it.
pub(super) fn install(stopper: Stopper, report: impl Fn() + Send + 'static) -> io::Result<Installed> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1])?;
    let handle = signals.handle();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            if signal == SIGUSR1 {
                report();
                continue;
            }
            if asked {
                // A reader of stderr that has gone must not keep the process alive.
                let _ = writeln!(io::stderr(), "a second signal: ending at once");
                std::process::exit(128 + signal);
            }
            asked = true;
            let reason = if signal == SIGINT { StopReason::Sigint } else { StopReason::Sigterm };
            stopper.stop(reason);
        }
    })?;
    Ok(Installed(handle))
}
