//! Where something was written, and how that is named to people.
//!
//! Owns the names of places. Never reads one.

use std::fmt;
use std::path::{Path, PathBuf};

use service_framework_model::schema::Function;

/// How many characters of a value are shown beside its name.
const MOST_SHOWN: usize = 80;

/// A text that was read, kept for the pictures of its problems.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as it was given.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(std::sync::Arc<SourceFile>),
    /// In the program that embeds the service: its `config` or its `addresses`.
    Embedded(&'static str),
    /// In the environment.
    Environment {
        /// The name of the variable.
        variable: String,
        /// What it is set to; `None` if that is nobody's business: it may be another program's secret.
        value: Option<String>,
    },
    /// On the command line, as config.
    Argument {
        /// The name, without dashes.
        name: String,
        /// The text behind it.
        value: String,
    },
    /// In the options of its logs.
    LogOptions,
    /// By a function of the service, which returned it.
    Function(Function),
    /// In a file that should be a plugin.
    Plugin(PathBuf),
    /// In the service's models.
    Model,
    /// Nowhere: it is the default that the model gives.
    Default,
    /// Nowhere: no `config`, or no `addresses`, were given.
    Missing(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.path.display()),
            Self::Embedded(what) => write!(f, "the {what} that the program gives"),
            Self::Environment { variable, .. } => write!(f, "environment variable {variable}"),
            Self::Argument { .. } => f.write_str("command line"),
            Self::LogOptions => f.write_str("log options"),
            Self::Function(function) => f.write_str(function.word()),
            Self::Plugin(path) => write!(f, "{}", path.display()),
            Self::Model => f.write_str("the service's models"),
            Self::Default => f.write_str("the default in the service's models"),
            Self::Missing(what) => write!(f, "no {what} given"),
        }
    }
}

impl Source {
    /// The place as exactly as it is known, for a service out of the library `plugin`, if it is out of one; `None` for
    /// what stands nowhere.
    pub(crate) fn place(&self, plugin: Option<&Path>) -> Option<String> {
        let place = match (self, plugin) {
            (Self::Missing(_) | Self::Default | Self::LogOptions, _) => return None,
            (Self::Environment { variable, value: Some(value) }, _) => {
                format!("environment: {variable}={}", shown(value))
            }
            (Self::Argument { name, value }, _) => format!("{self}: --{name} {}", shown(value)),
            (Self::Model, Some(plugin)) => format!("the models of {}", plugin.display()),
            (Self::Function(function), Some(plugin)) => format!("{} of {}", function.word(), plugin.display()),
            _ => self.to_string(),
        };
        Some(place)
    }
}

/// A value, but not at any length.
fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(MOST_SHOWN).collect();
    if value.chars().nth(MOST_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}
