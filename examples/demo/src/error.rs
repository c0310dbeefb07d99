//! What can go wrong with the demo, in words that say where to look.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system did not do something.
    #[error("cannot {what}: {source}")]
    Io { what: String, source: io::Error },
    /// Cargo has said why, above.
    #[error("the examples could not be built ({0})")]
    Build(ExitStatus),
    /// Cargo built something else than was asked for.
    #[error("cargo built no {0}")]
    NotBuilt(String),
    /// An example's file is not what the demo can use.
    #[error("`{path}`: {problem}")]
    File { path: PathBuf, problem: String },
    /// A process ended in another way than it should.
    #[error("`{name}` ended with {status}, expected exit code {expected}; its last lines:\n{tail}")]
    Ended { name: String, status: ExitStatus, expected: i32, tail: String },
    /// A process did not do in time what was waited for.
    #[error("`{name}` did not {what} within {seconds} s; its last lines:\n{tail}")]
    TooLong { name: String, what: &'static str, seconds: u64, tail: String },
    /// A summary lacks a figure, or has another one than it must.
    #[error("{0}")]
    Figure(String),
}

impl Error {
    /// For `map_err`: says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }

    /// For `map_err`: names the file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(String) -> Self {
        let path = path.to_owned();
        |problem| Self::File { path, problem }
    }
}
