//! Lines of services whose code is in a library of its own: they come through the C ABI, from threads of any origin.
//!
//! Owns where the lines of a plugin's own threads go.

use std::sync::OnceLock;

use tracing::Level;
use tracing::subscriber::NoSubscriber;

use super::sinks::Sinks;

/// The target of the lines that a plugin logs.
pub(super) const PLUGIN: &str = "service";

/// The sinks, and the name, of the first service of this process whose code is in a library of its own. A thread that
/// such a service made has no sinks, and the boundary's log functions cannot tell whose it is.
static OF_PLUGINS: OnceLock<(Sinks, String)> = OnceLock::new();

/// From now on, what threads that a plugin made log goes to these sinks, unless another plugin came first.
pub(crate) fn take_threads_of_plugins(sinks: &Sinks, name: &str) {
    let _ = OF_PLUGINS.set((sinks.clone(), name.to_owned()));
}

/// Logs from a thread of whatever origin.
fn anywhere<T>(log: impl FnOnce() -> T) -> T {
    let without = tracing::dispatcher::get_default(|dispatch| dispatch.is::<NoSubscriber>());
    let _entered = OF_PLUGINS.get().filter(|_| without).map(|(sinks, name)| sinks.enter(name));
    log()
}

/// The level that the C ABI calls `level`.
fn level(number: u32) -> Level {
    match number {
        0 | 1 => Level::ERROR,
        2 => Level::WARN,
        3 => Level::INFO,
        4 => Level::DEBUG,
        _ => Level::TRACE,
    }
}

/// Whether a line of the C ABI's `number` would be written from this thread.
pub(crate) fn enabled(number: u32) -> bool {
    anywhere(|| match level(number) {
        Level::ERROR => tracing::enabled!(target: PLUGIN, Level::ERROR),
        Level::WARN => tracing::enabled!(target: PLUGIN, Level::WARN),
        Level::INFO => tracing::enabled!(target: PLUGIN, Level::INFO),
        Level::DEBUG => tracing::enabled!(target: PLUGIN, Level::DEBUG),
        Level::TRACE => tracing::enabled!(target: PLUGIN, Level::TRACE),
    })
}

/// Writes a line that a service logged from a library of its own. Its module becomes the line's target; the place in its
/// code is told with errors, and to those who look for details: an everyday line is easier to read without.
pub(crate) fn forward(number: u32, module: &str, message: &str, file: &str, line: u32) {
    anywhere(|| match level(number) {
        Level::ERROR => tracing::error!(target: PLUGIN, module, file, line, "{message}"),
        Level::WARN => tracing::warn!(target: PLUGIN, module, "{message}"),
        Level::INFO => tracing::info!(target: PLUGIN, module, "{message}"),
        Level::DEBUG => tracing::debug!(target: PLUGIN, module, file, line, "{message}"),
        Level::TRACE => tracing::trace!(target: PLUGIN, module, file, line, "{message}"),
    });
}
