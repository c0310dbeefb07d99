//! The rule by which a workflow id travels: which id each send of one call carries.
//!
//! Owns the rule, which is the Python library's, so that a chain of old and new services reads as one. Never makes
//! randomness: a fresh id comes in as an argument.

use service_framework_model::error::{Code, Refusal};
use service_framework_model::wire::envelope::WorkflowId;
use uuid::Uuid;

/// The longest text of an id, in bytes, that may be carried on with a suffix.
pub const MAX_SUFFIXED: usize = 256;

/// The ids that the sends of one call carry.
///
/// In a handler the first send carries the id of the message unchanged, the nth `<id>_<n-1>`. A message without an id
/// (absent, nil or empty) gets a fresh one for all of its sends. In main mode, in `init` and in signal handlers every
/// send is the beginning of a workflow of its own.
#[derive(Debug)]
pub struct Chain<'a> {
    origin: Origin<'a>,
    sent: u32,
}

#[derive(Debug)]
enum Origin<'a> {
    EachItsOwn,
    Message(&'a WorkflowId<'a>),
    MessageWithout(Option<Uuid>),
}

impl<'a> Chain<'a> {
    /// The sends of main, `init` and signal handlers.
    #[must_use]
    pub const fn each_its_own() -> Self {
        Self { origin: Origin::EachItsOwn, sent: 0 }
    }

    /// The sends of the handler of a message that carried `id`, which is copied only when something is sent.
    #[must_use]
    pub const fn of_message(id: &'a WorkflowId<'a>) -> Self {
        let origin = match id {
            WorkflowId::Nil => Origin::MessageWithout(None),
            WorkflowId::Str(text) if text.is_empty() => Origin::MessageWithout(None),
            id => Origin::Message(id),
        };
        Self { origin, sent: 0 }
    }

    /// The id that the next send carries. It counts as sent only by [`Chain::sent`], so that a send which is refused
    /// before it leaves takes no number.
    ///
    /// # Errors
    /// If the id is too long to be given a suffix.
    pub fn next(&mut self, fresh: impl FnOnce() -> Uuid) -> Result<WorkflowId<'a>, Refusal> {
        let first = self.sent == 0;
        match &mut self.origin {
            Origin::EachItsOwn => Ok(WorkflowId::Uuid(fresh())),
            Origin::MessageWithout(made) => {
                let id = WorkflowId::Uuid(*made.get_or_insert_with(fresh));
                if first { Ok(id) } else { suffixed(&id, self.sent) }
            }
            Origin::Message(id) if first => Ok(id.clone()),
            Origin::Message(id) => suffixed(id, self.sent),
        }
    }

    /// The id that [`Chain::next`] gave has left.
    pub const fn sent(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }
}

fn suffixed(id: &WorkflowId<'_>, number: u32) -> Result<WorkflowId<'static>, Refusal> {
    let text = id.to_text();
    if text.len() > MAX_SUFFIXED {
        let detail = format!(
            "the workflow id is {} bytes long; more than {MAX_SUFFIXED} cannot be carried on to a second send",
            text.len()
        );
        return Err(Refusal::new(Code::BadWorkflowId, detail));
    }
    Ok(WorkflowId::Other(format!("{text}_{number}").into()))
}

#[cfg(test)]
mod tests {
    use service_framework_model::value::Value;

    use super::*;

    const FRESH: Uuid = Uuid::from_u128(7);

    fn ids(chain: &mut Chain<'_>, n: usize) -> Vec<String> {
        let mut next = || {
            let id = chain.next(|| FRESH).unwrap().to_text().into_owned();
            chain.sent();
            id
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn a_handler_carries_the_id_on_and_then_numbers_it() {
        assert_eq!(ids(&mut Chain::of_message(&WorkflowId::Str("w")), 3), ["w", "w_1", "w_2"]);
    }

    #[test]
    fn a_uuid_stays_a_uuid_on_the_first_send_only() {
        let mut chain = Chain::of_message(&WorkflowId::Uuid(FRESH));
        assert_eq!(chain.next(Uuid::nil).unwrap(), WorkflowId::Uuid(FRESH));
        chain.sent();
        let second = chain.next(Uuid::nil).unwrap();
        assert_eq!(second.to_text(), format!("{FRESH}_1"));
        assert!(!matches!(second, WorkflowId::Uuid(_)));
    }

    #[test]
    fn a_message_without_an_id_gets_one_for_all_its_sends() {
        for id in [WorkflowId::Nil, WorkflowId::Str("")] {
            assert_eq!(ids(&mut Chain::of_message(&id), 2), [FRESH.to_string(), format!("{FRESH}_1")]);
        }
    }

    #[test]
    fn every_send_of_main_begins_a_workflow() {
        let mut chain = Chain::each_its_own();
        let mut n = 0;
        let mut fresh = || {
            n += 1;
            Uuid::from_u128(n)
        };
        let first = chain.next(&mut fresh).unwrap();
        chain.sent();
        assert_ne!(first, chain.next(&mut fresh).unwrap());
    }

    #[test]
    fn other_ids_are_carried_as_they_are_and_numbered_by_their_json() {
        let id = WorkflowId::Other(Value::List(vec![Value::Int(1), Value::Str("a".into())]));
        let mut chain = Chain::of_message(&id);
        assert_eq!(chain.next(Uuid::nil).unwrap(), id);
        chain.sent();
        assert_eq!(chain.next(Uuid::nil).unwrap().to_text(), r#"[1,"a"]_1"#);
    }

    #[test]
    fn a_long_id_is_carried_once_and_refused_a_suffix() {
        let long = "x".repeat(MAX_SUFFIXED + 1);
        let id = WorkflowId::Str(&long);
        let mut chain = Chain::of_message(&id);
        assert_eq!(chain.next(Uuid::nil).unwrap(), id);
        chain.sent();
        assert_eq!(chain.next(Uuid::nil).unwrap_err().code(), Code::BadWorkflowId);
    }

    #[test]
    fn a_send_that_did_not_leave_takes_no_number() {
        let mut chain = Chain::of_message(&WorkflowId::Str("w"));
        assert_eq!(chain.next(Uuid::nil).unwrap(), chain.next(Uuid::nil).unwrap());
    }
}
