//! Which service and which workflow a thread is working for: what every log line begins with.
//!
//! Owns what is kept of them for each thread, and which limits the thread's lines have. The workflow is set for every
//! message and read for hardly any: that costs a copy of the id, no allocation, and of a UUID not even its text.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use service_framework_model::wire::envelope::WorkflowId;
use uuid::Uuid;

use super::limit::Limits;

/// The longest part of a workflow id that is logged, in bytes.
const MAX_ID: usize = 256;

thread_local! {
    static SERVICE: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
    static LIMITS: RefCell<Arc<Limits>> = RefCell::default();
    /// The workflow in hand, if its id is a UUID.
    static UUID: Cell<Option<Uuid>> = const { Cell::new(None) };
    /// The workflow in hand, if its id is anything else; empty if there is none.
    static OTHER_ID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names the service that this thread works for, until the guard is dropped. All threads of a service have the same
/// `limits`.
pub(super) fn service(name: Arc<str>, limits: &Arc<Limits>) -> ServiceGuard {
    ServiceGuard { before: SERVICE.replace(Some(name)), limits_before: LIMITS.replace(Arc::clone(limits)) }
}

/// Gives the thread its former service back.
pub(super) struct ServiceGuard {
    before: Option<Arc<str>>,
    limits_before: Arc<Limits>,
}

impl Drop for ServiceGuard {
    fn drop(&mut self) {
        SERVICE.set(self.before.take());
        // What is swapped is not made anew: a service of a group enters for each message of another one.
        LIMITS.with_borrow_mut(|limits| std::mem::swap(limits, &mut self.limits_before));
    }
}

/// The limits of the service that this thread works for.
pub(super) fn limits() -> Arc<Limits> {
    LIMITS.with_borrow(Arc::clone)
}

/// Names the workflow of the message in hand, until the guard is dropped.
pub(crate) fn workflow(id: &WorkflowId<'_>) -> WorkflowGuard {
    let is_other = match id {
        WorkflowId::Nil => false,
        WorkflowId::Uuid(uuid) => {
            UUID.set(Some(*uuid));
            false
        }
        other => {
            OTHER_ID.with_borrow_mut(|text| text.push_str(cut(&other.to_text())));
            true
        }
    };
    WorkflowGuard { is_other }
}

/// At most [`MAX_ID`] bytes of a text, cut between characters.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_ID)).unwrap_or(text)
}

/// Ends the message's part of the log.
pub(crate) struct WorkflowGuard {
    is_other: bool,
}

impl Drop for WorkflowGuard {
    fn drop(&mut self) {
        if self.is_other {
            OTHER_ID.with_borrow_mut(String::clear);
        } else {
            UUID.set(None);
        }
    }
}

/// Keeps the workflow in hand while a message of another one is handled below it, until the guard is dropped.
pub(crate) fn inner_workflow() -> InnerWorkflow {
    InnerWorkflow { uuid: UUID.take(), other: OTHER_ID.take() }
}

/// Gives the thread its former workflow back.
pub(crate) struct InnerWorkflow {
    uuid: Option<Uuid>,
    other: String,
}

impl Drop for InnerWorkflow {
    fn drop(&mut self) {
        UUID.set(self.uuid);
        OTHER_ID.set(std::mem::take(&mut self.other));
    }
}

/// Shows the service and the workflow id of this thread, each empty if there is none.
pub(super) fn with<T>(show: impl FnOnce(&str, &str) -> T) -> T {
    SERVICE.with_borrow(|service| {
        let service = service.as_deref().unwrap_or_default();
        match UUID.get() {
            Some(uuid) => show(service, uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
            None => OTHER_ID.with_borrow(|id| show(service, id)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> String {
        with(|service, workflow| format!("{service} {workflow}"))
    }

    #[test]
    fn the_context_lasts_as_long_as_its_guards() {
        let service = service("desk".into(), &Arc::default());
        let message = workflow(&WorkflowId::Str("w1"));
        assert_eq!(shown(), "desk w1");
        drop(message);
        assert_eq!(shown(), "desk ");
        let message = workflow(&WorkflowId::Uuid(Uuid::from_u128(7)));
        assert_eq!(shown(), "desk 00000000-0000-0000-0000-000000000007");
        drop(message);
        assert_eq!(shown(), "desk ");
        drop(service);
        assert_eq!(shown(), " ");
    }

    #[test]
    fn a_workflow_comes_back_after_one_below_it() {
        let _message = workflow(&WorkflowId::Str("w1"));
        let below = inner_workflow();
        assert_eq!(shown(), " ");
        drop(workflow(&WorkflowId::Uuid(Uuid::from_u128(7))));
        drop(below);
        assert_eq!(shown(), " w1");
    }

    #[test]
    fn a_long_id_is_cut() {
        let id = "é".repeat(500);
        let _message = workflow(&WorkflowId::Str(&id));
        assert_eq!(shown().len(), 1 + MAX_ID);
    }
}
