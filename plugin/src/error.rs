//! Why a function of a service failed, and why a send did.
//!
//! Owns the error type of the author's API. Never decides what a requester is told: the host does, from what is here.

use std::borrow::Cow;
use std::fmt;

use service_framework_model::error::Refusal;

use crate::abi::{ERROR_IS_CALLERS, ERROR_IS_REMOTE, ERROR_IS_RETRYABLE};

/// What a service's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a function failed. Every error of the standard library's trait becomes one with `?`.
///
/// A requester whose request ends with an error is answered with its code, its message and its field.
///
/// ```
/// use service_framework::prelude::*;
///
/// fn quantity(text: &str) -> Result<u32> {
///     let quantity: u32 = text.parse()?;
///     if quantity == 0 {
///         return Err(Error::caller("empty_order", "the quantity is 0").with_field("quantity"));
///     }
///     Ok(quantity)
/// }
///
/// assert_eq!(quantity("x").unwrap_err().code(), "failed");
/// assert!(quantity("0").unwrap_err().is_caller_error());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    field: Option<String>,
    is_caller_error: bool,
    is_retryable: bool,
}

/// How a send, or a wait, failed.
///
/// | kind | [`Error::code`] | did the other side act? |
/// |---|---|---|
/// | [`Invalid`](Self::Invalid) | `invalid_arguments` | no |
/// | [`NoPeer`](Self::NoPeer) | `no_peer`, `queue_full` | no |
/// | [`TimedOut`](Self::TimedOut) | `timed_out` | perhaps |
/// | [`PeerLost`](Self::PeerLost) | `peer_lost` | perhaps |
/// | [`Refused`](Self::Refused) | the other side's own | its code says |
/// | [`BadReply`](Self::BadReply) | `bad_reply` | yes |
/// | [`Busy`](Self::Busy) | `busy` | no |
/// | [`Stopping`](Self::Stopping) | `stopping` | perhaps, if it had been sent |
/// | [`Failed`](Self::Failed) | any other | |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments that were to be sent do not fit their model; nothing was sent.
    Invalid,
    /// There is nobody at the other end, or nobody who reads; nothing was sent.
    NoPeer,
    /// No reply came in time. The other side may have acted on the request.
    TimedOut,
    /// The other side got the request and went away before it answered: it may have acted on it.
    PeerLost,
    /// The other side answered with an error: the code and the message are its own.
    Refused,
    /// A reply came, and it does not fit its model. The other side has acted on the request.
    BadReply,
    /// All the calls that may be in flight are taken: it was never called. Trying again may help.
    Busy,
    /// The service is stopping.
    Stopping,
    /// Anything else; every error that did not come from a send or a wait.
    Failed,
}

impl ErrorKind {
    /// The kind that a code of the host stands for.
    fn of_code(code: &str) -> Self {
        match code {
            INVALID_ARGUMENTS => Self::Invalid,
            "no_peer" | "queue_full" => Self::NoPeer,
            "timed_out" => Self::TimedOut,
            "peer_lost" => Self::PeerLost,
            BAD_REPLY => Self::BadReply,
            "busy" => Self::Busy,
            "stopping" => Self::Stopping,
            _ => Self::Failed,
        }
    }
}

/// The code of a send whose arguments do not fit their model.
pub(crate) const INVALID_ARGUMENTS: &str = "invalid_arguments";
/// The code of a reply that does not fit its model.
pub(crate) const BAD_REPLY: &str = "bad_reply";
/// The code of an error that was given none.
const FAILED: &str = "failed";

impl Error {
    /// A failure on this side, with the code `failed`; `message` is a sentence for people.
    #[cold]
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_code(FAILED, message)
    }

    /// A failure on this side, with a stable word of its own for programs, such as `book_not_ready`.
    #[cold]
    #[must_use]
    pub fn with_code(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Failed,
            code: code.into(),
            message: message.into(),
            field: None,
            is_caller_error: false,
            is_retryable: false,
        }))
    }

    /// What the caller did wrong: a stable word for programs, such as `unknown_symbol`, and a sentence for people.
    #[cold]
    #[must_use]
    pub fn caller(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let mut error = Self::with_code(code, message);
        error.0.is_caller_error = true;
        error
    }

    /// The same error, saying that trying again may help.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.is_retryable = true;
        self
    }

    /// The same error, saying which argument it is about, as a key path such as `orders[3].price`.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The key path of the argument that it is about.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// How the send failed that this error came from; [`ErrorKind::Failed`] for an error that came from none.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the caller is at fault: of this service, or, where a send was refused, of the other one.
    #[must_use]
    pub fn is_caller_error(&self) -> bool {
        self.0.is_caller_error
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.is_retryable
    }

    /// The error of a host call, as it crossed.
    #[cold]
    pub(crate) fn from_host(code: String, message: String, field: String, flags: u32) -> Self {
        let is_remote = flags & ERROR_IS_REMOTE != 0;
        let kind = if is_remote { ErrorKind::Refused } else { ErrorKind::of_code(&code) };
        Self(Box::new(Inner {
            kind,
            code: code.into(),
            message,
            field: Some(field).filter(|field| !field.is_empty()),
            is_caller_error: flags & ERROR_IS_CALLERS != 0,
            is_retryable: flags & ERROR_IS_RETRYABLE != 0,
        }))
    }

    /// Arguments that the caller sent and that a function's type cannot hold.
    #[cold]
    pub(crate) fn bad_call(refusal: &Refusal) -> Self {
        Self::caller(refusal.code().word(), refusal.detail()).with_path(refusal)
    }

    /// A reply that the caller's type cannot hold.
    #[cold]
    pub(crate) fn bad_reply(refusal: &Refusal) -> Self {
        let mut error = Self::with_code(BAD_REPLY, refusal.to_string()).with_path(refusal);
        error.0.kind = ErrorKind::BadReply;
        error
    }

    /// Arguments that do not fit the model of what they were to be sent to.
    #[cold]
    pub(crate) fn invalid_arguments(message: impl Into<String>) -> Self {
        let mut error = Self::with_code(INVALID_ARGUMENTS, message);
        error.0.kind = ErrorKind::Invalid;
        error
    }

    fn with_path(self, refusal: &Refusal) -> Self {
        let path = refusal.path();
        if path.is_empty() { self } else { self.with_field(path) }
    }

    /// The flags with which the error crosses. That a send was refused stays with the error: what this service sent
    /// is not the fault of who called it.
    pub(crate) fn flags(&self) -> u32 {
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        flag(self.0.is_caller_error, ERROR_IS_CALLERS)
            | flag(self.0.is_retryable, ERROR_IS_RETRYABLE)
            | flag(self.0.kind == ErrorKind::Refused, ERROR_IS_REMOTE)
    }
}

impl<E: std::error::Error> From<E> for Error {
    /// A failure with the error's message and those of its sources.
    #[cold]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_message = inner.to_string();
            // Some errors already tell of their source in their own message.
            if !message.contains(&inner_message) {
                message = format!("{message}: {inner_message}");
            }
            source = inner.source();
        }
        Self::new(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.field {
            Some(field) => write!(f, "`{field}`: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, code, message, field, is_caller_error, is_retryable } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("code", code)
            .field("message", message)
            .field("field", field)
            .field("is_caller_error", is_caller_error)
            .field("is_retryable", is_retryable)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(code: &str, flags: u32) -> Error {
        Error::from_host(code.to_owned(), String::new(), String::new(), flags)
    }

    #[test]
    fn the_kind_follows_from_the_code_that_crossed() {
        use ErrorKind::*;
        let kinds = [
            ("invalid_arguments", Invalid),
            ("no_peer", NoPeer),
            ("queue_full", NoPeer),
            ("timed_out", TimedOut),
            ("peer_lost", PeerLost),
            ("bad_reply", BadReply),
            ("busy", Busy),
            ("stopping", Stopping),
            ("else", Failed),
        ];
        for (code, kind) in kinds {
            assert_eq!(crossed(code, 0).kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_remote_error_keeps_its_own_code_even_where_it_is_a_word_of_the_host() {
        let error = crossed("timed_out", ERROR_IS_REMOTE | ERROR_IS_RETRYABLE);
        assert_eq!((error.kind(), error.code(), error.is_retryable()), (ErrorKind::Refused, "timed_out", true));
        assert_eq!(error.flags(), ERROR_IS_REMOTE | ERROR_IS_RETRYABLE);
    }

    #[test]
    fn an_authors_error_is_of_no_send() {
        assert_eq!(Error::with_code("timed_out", "the exchange is slow").kind(), ErrorKind::Failed);
    }

    #[test]
    fn the_question_mark_tells_of_the_sources_once() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bad port")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from(Outer("x".parse::<u16>().unwrap_err()));
        assert_eq!(error.to_string(), "bad port: invalid digit found in string");
        assert_eq!(error.code(), "failed");
    }
}
