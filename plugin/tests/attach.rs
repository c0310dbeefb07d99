//! A plugin in a file of its own: its log lines and its panics go to the host. In a file of its own, too, since a
//! process has one panic hook and one subscriber.
#![allow(unsafe_code, reason = "the test is the other side of the C ABI")]

mod support;

use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::service_table;
use support::{HOST, Hosted, LINES, Run};

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

/// What panics if a line that nobody wants is formatted all the same.
struct Untold;

impl std::fmt::Display for Untold {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a disabled line was formatted")
    }
}

#[test]
fn log_lines_and_panics_go_to_the_host_with_their_places() {
    // SAFETY: the table's log functions are good for as long as the program runs.
    unsafe { (service_table::<Talker>().attach)(&raw const HOST) };
    let mut run = Run::default();
    let mut talker = Hosted::new::<Talker>(&[], &mut run).unwrap();

    assert_eq!(talker.call(FUNCTION_INIT, &[], &mut run), OK);
    let lines: Vec<_> = LINES.lock().unwrap().drain(..).collect();
    let told: Vec<_> = lines.iter().map(|(level, target, message, ..)| (*level, &**target, &**message)).collect();
    assert_eq!(told, [(3, "attach", "the book is ready symbol=\"A\" depth=7"), (2, "venue", "late=true")]);
    assert!(lines.iter().all(|(.., file, line)| file.ends_with("attach.rs") && *line > 0));

    assert_eq!(talker.call(FUNCTION_MAIN, &[], &mut run), PANICKED);
    let (code, message, ..) = run.failure.unwrap();
    assert_eq!(code, "panicked");
    assert!(message.starts_with("no book, at ") && message.contains("attach.rs:"), "{message}");
    let (level, target, message, file, line) = LINES.lock().unwrap().pop().unwrap();
    assert_eq!((level, target.as_str()), (1, "panic"));
    assert!(message.ends_with(": no book") && file.ends_with("attach.rs") && line > 0, "{message}");
}
