//! An error on its way over the boundary, and what becomes of it on the other side.
//!
//! Owns the translations: from a refusal, from a request that was not answered, from a panic of the host, from and to an
//! error reply.

use std::any::Any;

use service_framework_connections::requests::Unanswered;
use service_framework_model::error::Refusal;
use service_framework_model::wire::envelope::RemoteError;
use service_framework_plugin::abi::{ERROR_IS_CALLERS, ERROR_IS_REMOTE, ERROR_IS_RETRYABLE, ErrorText, Status, Text};

/// How much of a message goes back to a requester, in bytes: an error must never be too large to be sent.
const LONGEST_MESSAGE: usize = 64 << 10;
/// How much of a code does.
const LONGEST_CODE: usize = 256;
/// How much of a field's key path does.
const LONGEST_FIELD: usize = 1 << 10;
/// The code of an error to which its author gave none.
const UNNAMED: &str = "failed";

/// An error that crosses the boundary, in either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) field: String,
    pub(crate) flags: u32,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }

    /// A failure of which its author said nothing, or not all, gets the words that are missing.
    pub(super) fn named(mut self) -> Self {
        if self.code.is_empty() {
            self.code = UNNAMED.to_owned();
        }
        if self.message.is_empty() {
            self.message = "the function failed without saying why".to_owned();
        }
        self
    }

    /// A refusal of what the service itself handed over.
    pub(crate) fn of_own(code: &str, refusal: &Refusal) -> Self {
        Self { field: refusal.path(), ..Self::new(code, refusal.to_string()) }
    }

    /// A panic of the host's own code, caught before it could cross.
    #[cold]
    pub(super) fn of_panic(panic: Box<dyn Any + Send>) -> Self {
        let text = panic.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message");
        Self::new("host_panicked", format!("the host panicked, which is a bug of service_framework: {text}"))
    }

    pub(crate) fn of_remote(error: &RemoteError) -> Self {
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            field: error.field.clone().unwrap_or_default(),
            flags: ERROR_IS_REMOTE
                | flag(error.is_caller_error, ERROR_IS_CALLERS)
                | flag(error.is_retryable, ERROR_IS_RETRYABLE),
        }
    }

    /// The failure as it crosses, borrowed.
    pub(super) const fn as_text(&self) -> ErrorText {
        ErrorText {
            code: Text::new(self.code.as_str()),
            message: Text::new(self.message.as_str()),
            field: Text::new(self.field.as_str()),
            flags: self.flags,
        }
    }

    /// Whether the fault is that of whoever called the function.
    pub(crate) const fn is_callers(&self) -> bool {
        self.flags & ERROR_IS_CALLERS != 0 && self.flags & ERROR_IS_REMOTE == 0
    }

    /// The word under which it is counted. Those of a peer are not ours to count by: there is no end to them.
    pub(crate) fn countable(&self) -> &str {
        if self.flags & ERROR_IS_REMOTE != 0 { "refused_by_peer" } else { &self.code }
    }

    /// The failure as a requester is told of it. What the service's own sends failed with is not the requester's fault.
    pub(crate) fn to_remote(&self) -> RemoteError {
        RemoteError {
            code: beginning(&self.code, LONGEST_CODE),
            message: beginning(&self.message, LONGEST_MESSAGE),
            field: Some(beginning(&self.field, LONGEST_FIELD)).filter(|field| !field.is_empty()),
            is_caller_error: self.is_callers(),
            is_retryable: self.flags & ERROR_IS_RETRYABLE != 0,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The code of an error that its author gave none says nothing.
        if self.code == UNNAMED { f.write_str(&self.message) } else { write!(f, "{} ({})", self.message, self.code) }
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        let flags = if unanswered.never_left() { ERROR_IS_RETRYABLE } else { 0 };
        Self { flags, ..Self::new(unanswered.word(), unanswered.to_string()) }
    }
}

/// The whole characters among the first `longest` bytes of a text.
fn beginning(text: &str, longest: usize) -> String {
    text.get(..text.floor_char_boundary(longest)).unwrap_or_default().to_owned()
}

/// A message that broke a rule of the boundary.
pub(crate) fn broken_boundary(status: Status) -> Failure {
    Failure::new("handler_failed", format!("the function returned status {status} without saying why"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_words_are_handed_on_but_never_counted_by() {
        let theirs = RemoteError {
            code: "whatever_they_like".into(),
            message: "x".repeat(LONGEST_MESSAGE + 1),
            field: None,
            is_caller_error: true,
            is_retryable: false,
        };
        let failure = Failure::of_remote(&theirs);
        assert_eq!((failure.code.as_str(), failure.countable()), ("whatever_they_like", "refused_by_peer"));
        let handed_on = failure.to_remote();
        assert!(!handed_on.is_caller_error, "it is not the fault of who called the function that asked");
        assert_eq!(handed_on.message.len(), LONGEST_MESSAGE);
    }

    #[test]
    fn no_part_of_an_error_is_too_large_to_be_sent_and_no_character_is_cut() {
        let endless = "\u{20ac}".repeat(LONGEST_MESSAGE);
        let failure = Failure { field: endless.clone(), ..Failure::new(&endless, endless.clone()) };
        let told = failure.to_remote();
        let field = told.field.unwrap();
        for (part, longest) in [(told.code, 256), (told.message, 64 << 10), (field, 1 << 10)] {
            assert!(endless.starts_with(&part), "{} bytes", part.len());
            assert!((longest - 2..=longest).contains(&part.len()), "{} bytes of {longest}", part.len());
        }
    }
}
