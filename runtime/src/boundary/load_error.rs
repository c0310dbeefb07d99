//! Why a file is not a plugin that can be loaded.
//!
//! Owns the words and what to do. Never opens a file.

use std::fmt;
use std::path::{Path, PathBuf};

use service_framework_plugin::abi::{ABI_MAJOR, ABI_MINOR, ANY_SYMBOL_PREFIX};

use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::document::{near_path, reason_of};

/// Why a file is not a plugin that can be loaded. Its text names the file and says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no shared library.
    NotALibrary {
        /// The path as it was given.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// An object file that breaks the rules of its format.
    Damaged {
        /// The path as it was given.
        path: PathBuf,
        /// Which rule.
        what: String,
    },
    /// A shared library of another kind of machine.
    ForeignMachine {
        /// The path as it was given.
        path: PathBuf,
        /// The machine that it was built for.
        found: String,
        /// The machine that this is.
        here: String,
    },
    /// A shared library that exports no service.
    NotAPlugin {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A service of an ABI that this host does not speak.
    ForeignAbi {
        /// The path as it was given.
        path: PathBuf,
        /// The version in the symbol's name or in the table.
        found: String,
    },
    /// A service that was built for functions of the host that this one does not have yet.
    NewerAbi {
        /// The path as it was given.
        path: PathBuf,
        /// The minor version in the table.
        minor: u16,
        /// What the service was built with.
        built_with: String,
    },
    /// More than one service, and none is named after the file.
    Ambiguous {
        /// The path as it was given.
        path: PathBuf,
        /// The crates whose services it exports.
        names: Vec<String>,
    },
    /// The system's loader refused it.
    Refused {
        /// The path as it was given.
        path: PathBuf,
        /// What the loader says.
        reason: String,
    },
    /// The symbol led to a table that is damaged.
    BadTable {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl LoadError {
    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::NotALibrary { path, .. }
            | Self::Damaged { path, .. }
            | Self::ForeignMachine { path, .. }
            | Self::NotAPlugin { path }
            | Self::ForeignAbi { path, .. }
            | Self::NewerAbi { path, .. }
            | Self::Ambiguous { path, .. }
            | Self::Refused { path, .. }
            | Self::BadTable { path, .. } => path,
        }
    }

    /// What is wrong with the file.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Unreadable { path, source } => reason_of(path, source),
            Self::NotALibrary { what, .. } => format!("expected a shared library, got {what}"),
            Self::Damaged { what, .. } => format!("the library is damaged or was cut short: {what}"),
            Self::ForeignMachine { found, here, .. } => format!("it was built for {found}, and this machine is {here}"),
            Self::NotAPlugin { .. } => {
                format!("it has no service: it exports no symbol that begins with `{ANY_SYMBOL_PREFIX}`")
            }
            Self::ForeignAbi { found, .. } => {
                format!("it speaks version {found} of the plugin ABI, and this runner version {ABI_MAJOR}")
            }
            Self::NewerAbi { minor, .. } => format!(
                "it needs version {ABI_MAJOR}.{minor} of the plugin ABI, and this runner has {ABI_MAJOR}.{ABI_MINOR}"
            ),
            Self::Ambiguous { names, .. } => format!("it exports several services: {}", names.join(", ")),
            Self::Refused { reason, .. } => format!("the system refuses it: {reason}"),
            Self::BadTable { what, .. } => format!("the table of its service is damaged: {what}"),
        }
    }

    /// What to do, if that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { path, .. } => near_path(path),
            Self::NotALibrary { .. } => {
                Some("give the library that `cargo build` makes of a crate with `crate-type = [\"cdylib\"]`".to_owned())
            }
            Self::Damaged { .. } => Some("build it, or copy it, again".to_owned()),
            Self::ForeignMachine { .. } => Some("build it on this kind of machine".to_owned()),
            Self::NotAPlugin { .. } => {
                Some("write `export_service!(YourService);` in the lib.rs of its crate".to_owned())
            }
            Self::ForeignAbi { .. } => Some(format!("rebuild it with service_framework {}", env!("CARGO_PKG_VERSION"))),
            Self::NewerAbi { built_with, .. } if built_with.is_empty() => {
                Some(format!("run it with a later service_framework than {}", env!("CARGO_PKG_VERSION")))
            }
            Self::NewerAbi { built_with, .. } => Some(format!("run it with {built_with} or a later one")),
            Self::Ambiguous { .. } => Some("name the file after the one to run: lib<name>.so".to_owned()),
            Self::Refused { .. } => None,
            Self::BadTable { .. } => Some("rebuild it".to_owned()),
        }
    }

    /// The error as it is drawn beside those of config and addresses.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let source = Source::Plugin(self.path().to_owned());
        let message = format!("the service cannot be loaded: {}", self.reason());
        diagnostics.push(Diagnostic::error(source, message).with_help(self.help()));
        diagnostics
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service `{}` cannot be loaded: {}", self.path().display(), self.reason())?;
        self.help().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}
