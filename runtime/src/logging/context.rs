//! Which service and which workflow a thread is working for: what every log line begins with.
//!
//! Owns two thread-local texts. Setting the workflow costs a copy of the id and no allocation, since it happens for
//! every message and is read for hardly any.

use std::cell::RefCell;
use std::fmt::Write;

use service_framework_model::wire::envelope::WorkflowId;

/// The longest part of a workflow id that is logged, in bytes.
const MAX_ID: usize = 256;

thread_local! {
    static SERVICE: RefCell<String> = const { RefCell::new(String::new()) };
    static WORKFLOW: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names the service that this thread works for, until the guard is dropped.
pub(crate) fn service(name: &str) -> ServiceGuard {
    ServiceGuard { before: SERVICE.replace(name.to_owned()) }
}

/// Gives the thread its former service back.
pub(crate) struct ServiceGuard {
    before: String,
}

impl Drop for ServiceGuard {
    fn drop(&mut self) {
        SERVICE.set(std::mem::take(&mut self.before));
    }
}

/// Names the workflow of the message in hand, until the guard is dropped.
pub(crate) fn workflow(id: &WorkflowId<'_>) -> WorkflowGuard {
    WORKFLOW.with_borrow_mut(|text| match id {
        WorkflowId::Nil => {}
        WorkflowId::Uuid(uuid) => text.push_str(uuid.hyphenated().encode_lower(&mut [0; 36])),
        other => text.push_str(cut(&other.to_text())),
    });
    WorkflowGuard(())
}

/// At most [`MAX_ID`] bytes of a text, cut between characters.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_ID)).unwrap_or(text)
}

/// Ends the message's part of the log.
pub(crate) struct WorkflowGuard(());

impl Drop for WorkflowGuard {
    fn drop(&mut self) {
        WORKFLOW.with_borrow_mut(String::clear);
    }
}

/// Writes the context of this thread: the service and, in brackets, the workflow id, what could break the line escaped.
pub(super) fn write(out: &mut impl Write) -> std::fmt::Result {
    SERVICE.with_borrow(|service| if service.is_empty() { Ok(()) } else { write!(out, "{service} ") })?;
    WORKFLOW.with_borrow(|id| {
        if id.is_empty() {
            return Ok(());
        }
        out.write_char('[')?;
        escape(id, out)?;
        out.write_str("] ")
    })
}

/// Writes a text with its control characters escaped, so that nobody's text can break a line or a terminal.
pub(super) fn escape(text: &str, out: &mut impl Write) -> std::fmt::Result {
    text.chars()
        .try_for_each(|c| if c.is_control() { write!(out, "{}", c.escape_default()) } else { out.write_char(c) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> String {
        let mut text = String::new();
        write(&mut text).unwrap();
        text
    }

    #[test]
    fn the_context_lasts_as_long_as_its_guards() {
        let service = service("desk");
        let message = workflow(&WorkflowId::Str("w1"));
        assert_eq!(line(), "desk [w1] ");
        drop(message);
        assert_eq!(line(), "desk ");
        drop(service);
        assert_eq!(line(), "");
    }

    #[test]
    fn a_hostile_id_is_cut_and_cannot_break_the_line() {
        let _service = service("desk");
        let id = format!("\n\u{1b}[2J{}", "é".repeat(500));
        let _message = workflow(&WorkflowId::Str(&id));
        let line = line();
        assert!(line.starts_with("desk [\\n\\u{1b}[2Jé"), "{line}");
        assert!(line.len() < MAX_ID + 40, "{}", line.len());
    }
}
