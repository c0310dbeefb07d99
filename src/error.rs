//! What can go wrong with a service that is built or run.

use service_framework_runtime::{Diagnostics, LoadError, LoadProblem, RunError, StartError};

/// Why a service could not be built, started or run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The library is no plugin that can be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The service's models, its config or its addresses are invalid: all problems together.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// Its models have no JSON form.
    #[error("the models cannot be written as JSON: {0}")]
    Describe(String),
    /// What the command line was asked for could not be written.
    #[error("cannot write to stdout: {0}")]
    Output(#[source] std::io::Error),
    /// A builder's option is invalid.
    #[error("invalid option: {0}")]
    Option(String),
    /// It was validated and could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It ran, and did not just stop.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It runs already.
    #[error("the service runs already; stop it before it is run again")]
    Running,
}

impl From<Diagnostics> for ServiceError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Invalid(diagnostics)
    }
}

impl From<LoadProblem> for ServiceError {
    fn from(problem: LoadProblem) -> Self {
        match problem {
            LoadProblem::Load(error) => Self::Load(error),
            LoadProblem::Models(diagnostics) => Self::Invalid(diagnostics),
        }
    }
}

impl ServiceError {
    /// The exit code that the command line gives for this error (BSD's sysexits).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Load(_) | Self::Invalid(_) | Self::Describe(_) => 78,
            Self::Option(_) => 2,
            Self::Start(error) if matches!(error.of_service(), StartError::Wiring(_)) => 69,
            Self::Start(_) | Self::Run(_) | Self::Running => 70,
            Self::Output(_) => 74,
        }
    }
}
