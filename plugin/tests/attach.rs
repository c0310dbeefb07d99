//! A plugin in a file of its own: its log lines and its panics go to the host. In a file of its own, too, since a
//! process has one panic hook and one subscriber.
#![allow(unsafe_code, reason = "the test is the other side of the C ABI")]

use std::ffi::c_void;
use std::sync::Mutex;

use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::service_table;

/// A line as the host gets it: level, target, message, file, line.
type Line = (u32, String, String, String, u32);

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static FAILURES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn text(text: Text) -> String {
    if text.len == 0 {
        return String::new();
    }
    // SAFETY: a service lends its texts for the call.
    String::from_utf8(unsafe { std::slice::from_raw_parts(text.pointer, text.len) }.to_vec()).unwrap()
}

unsafe extern "C" fn fail(_: *mut c_void, error: *const ErrorText) {
    // SAFETY: a service lends its error for the call.
    let error = unsafe { &*error };
    FAILURES.lock().unwrap().push((text(error.code), text(error.message)));
}

unsafe extern "C" fn log_enabled(level: u32) -> bool {
    level <= 3
}

unsafe extern "C" fn log(level: u32, target: Text, message: Text, file: Text, line: u32) {
    LINES.lock().unwrap().push((level, text(target), text(message), text(file), line));
}

unsafe extern "C" fn reply(_: *mut c_void, _: *const RawSlot, _: usize) -> Status {
    OK
}

unsafe extern "C" fn send(
    _: *mut c_void,
    _: u32,
    _: *const RawSlot,
    _: usize,
    _: *mut c_void,
    _: WriteSlots,
) -> Status {
    OK
}

unsafe extern "C" fn last_error(_: *mut c_void, _: *mut ErrorText) {}

unsafe extern "C" fn should_stop(_: *mut c_void) -> bool {
    false
}

unsafe extern "C" fn wait(_: *mut c_void, _: u64) -> Status {
    OK
}

unsafe extern "C" fn workflow_id(_: *mut c_void, _: *mut c_void, _: WriteSlots) -> Status {
    OK
}

static HOST: HostTable = HostTable {
    magic: MAGIC,
    size: size_of::<HostTable>() as u32,
    major: ABI_MAJOR,
    minor: ABI_MINOR,
    reply,
    send,
    fail,
    last_error,
    should_stop,
    wait,
    workflow_id,
    log_enabled,
    log,
};

struct Talker;

impl ServiceDefinition for Talker {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.init(|_, _| {
            debug!("{}", Untold);
            info!(symbol = "A", depth = 7, "the book is {}", "ready");
            warn!(target: "venue", late = true);
            Ok(())
        });
        m.main(|_, _| panic!("no {}", "book"));
    }
}

/// The kinds of call that this test makes, none of which needs a run.
fn call(table: &PluginTable, instance: *mut c_void, function: u32) -> Status {
    let run = std::ptr::null_mut();
    // SAFETY: the host does not use its run, and there are no arguments.
    unsafe { (table.call)(instance, &raw const HOST, run, function, std::ptr::null(), 0) }
}

/// What panics if a line that nobody wants is formatted all the same.
struct Untold;

impl std::fmt::Display for Untold {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a disabled line was formatted")
    }
}

#[test]
fn log_lines_and_panics_go_to_the_host_with_their_places() {
    let table = service_table::<Talker>();
    let mut instance = std::ptr::null_mut();
    // SAFETY: the host does not use its run, and the config has no slots.
    let made = unsafe {
        (table.attach)(&raw const HOST);
        (table.create)(&raw const HOST, std::ptr::null_mut(), std::ptr::null(), 0, &raw mut instance)
    };
    assert_eq!(made, OK);

    assert_eq!(call(table, instance, FUNCTION_INIT), OK);
    let lines: Vec<_> = LINES.lock().unwrap().drain(..).collect();
    let told: Vec<_> = lines.iter().map(|(level, target, message, ..)| (*level, &**target, &**message)).collect();
    assert_eq!(told, [(3, "attach", "the book is ready symbol=\"A\" depth=7"), (2, "venue", "late=true")]);
    assert!(lines.iter().all(|(.., file, line)| file.ends_with("attach.rs") && *line > 0));

    assert_eq!(call(table, instance, FUNCTION_MAIN), PANICKED);
    let (code, message) = FAILURES.lock().unwrap().pop().unwrap();
    assert_eq!(code, "panicked");
    assert!(message.starts_with("no book, at ") && message.contains("attach.rs:"), "{message}");
    let (level, target, message, file, line) = LINES.lock().unwrap().pop().unwrap();
    assert_eq!((level, target.as_str()), (1, "panic"));
    assert!(message.ends_with(": no book") && file.ends_with("attach.rs") && line > 0, "{message}");
    // SAFETY: the instance is of this table, and not used again.
    unsafe { (table.destroy)(instance) };
}
