//! Panics of a service's code: caught before they reach the host, with their message and place.
//!
//! Owns the panic hook of a plugin that lives in a file of its own. Embedded, the program's hook stays as it is.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::host::HostLog;

thread_local! {
    /// The message and the place of this thread's last panic, where the hook is installed.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Runs the service's code.
///
/// # Errors
/// If it panics: the message, and the place if the hook is installed.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(told)
}

/// What a caught panic says.
#[cold]
fn told(payload: Box<dyn Any + Send>) -> String {
    let message = message_of(&*payload).to_owned();
    // A payload may panic when it is dropped, and so may what that throws: it is let go of for good.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
    match LAST.take() {
        Some((last, place)) if last == message => format!("{message}, at {place}"),
        _ => message,
    }
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

/// From now on panics are remembered with their place and written to the host's log.
pub(crate) fn install_hook(log: HostLog) {
    std::panic::set_hook(Box::new(move |info| remember(info, log)));
}

fn remember(info: &PanicHookInfo<'_>, log: HostLog) {
    let message = message_of_hook(info).to_owned();
    let (file, line, place) = match info.location() {
        Some(place) => (place.file(), place.line(), place.to_string()),
        None => ("", 0, "an unknown place".to_owned()),
    };
    let name = std::thread::current().name().unwrap_or("unnamed").to_owned();
    log.log(1, "panic", &format!("the thread `{name}` panicked at {place}: {message}"), file, line);
    LAST.set(Some((message, place)));
}

fn message_of_hook<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    #[test]
    fn a_panic_is_told_with_its_message() {
        assert_eq!(caught(|| panic!("no book")), Err::<(), _>("no book".to_owned()));
        assert_eq!(caught(|| panic!("no book for {}", "A")), Err::<(), _>("no book for A".to_owned()));
        assert_eq!(caught(|| panic_any(7)), Err::<(), _>("a panic without a message".to_owned()));
        assert_eq!(caught(|| 7), Ok(7));
    }

    #[test]
    fn a_payload_that_panics_when_dropped_does_no_harm() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(caught(|| panic_any(Bomb)), Err::<(), _>("a panic without a message".to_owned()));
    }
}
