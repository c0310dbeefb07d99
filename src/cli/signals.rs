//! SIGINT and SIGTERM: the first stops the service cleanly, a second one ends the process at once.
//!
//! Owns the process's signal handlers, which only the runner may do: an embedded service leaves them to its program.

use std::io::{self, Write};

use service_framework_runtime::{StopReason, Stopper};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Handlers that are in place until this is dropped.
pub(super) struct Installed(Handle);

impl Drop for Installed {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Stops the service on the first signal; on the second exits with 128 and the signal's number, as a shell tells it.
pub(super) fn stop_on_signals(stopper: Stopper) -> io::Result<Installed> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
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
