//! What a test is told when something does not go well: by the service under test, or by a slip of the test itself.
//!
//! Owns the error of the kit and what a peer is told. Decides nothing: the texts are those of a start, a run and a reply.

use std::fmt;

use service_framework_model::wire::envelope::RemoteError;

use crate::boundary::LoadError;
use crate::diagnostics::Diagnostics;
use crate::prepare::LoadProblem;
use crate::running::{RunError, StartError};

/// Why a call of the kit did not bring what it promises.
///
/// It shows itself in words also where a test unwraps.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The service answered with an error: what its peer is told.
    #[error("{0}")]
    Refused(Refused),
    /// The library is no plugin that can be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The service's models, its config or its addresses are invalid: all problems together.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// The service could not be made, or its `init` failed.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The service ended otherwise than by stopping.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The test itself asks for what cannot be: a connection that is not declared, arguments that do not fit their
    /// model, a `main` that never ends.
    #[error("{0}")]
    Test(String),
}

impl TestError {
    /// What the peer is told, if the service answered with an error.
    #[must_use]
    pub const fn refused(&self) -> Option<&Refused> {
        if let Self::Refused(refused) = self { Some(refused) } else { None }
    }

    /// The stable word of the service's error; empty if the service answered with none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.refused().map_or("", |refused| refused.code.as_str())
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<LoadProblem> for TestError {
    fn from(problem: LoadProblem) -> Self {
        match problem {
            LoadProblem::Load(error) => Self::Load(error),
            LoadProblem::Models(diagnostics) => Self::Invalid(diagnostics),
        }
    }
}

impl From<Diagnostics> for TestError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Invalid(diagnostics)
    }
}

/// An error reply, as the peer of a service gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The key path that it is about.
    pub field: Option<String>,
    /// Whether the caller is at fault.
    pub is_caller_error: bool,
    /// Whether trying again may help.
    pub is_retryable: bool,
}

impl From<RemoteError> for Refused {
    fn from(error: RemoteError) -> Self {
        let RemoteError { code, message, field, is_caller_error, is_retryable } = error;
        Self { code, message, field, is_caller_error, is_retryable }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service refused: {} ({}", self.message, self.code)?;
        if let Some(field) = &self.field {
            write!(f, ", field `{field}`")?;
        }
        f.write_str(")")
    }
}
