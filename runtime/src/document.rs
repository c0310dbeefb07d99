//! A JSON document out of a file or out of the program that embeds a service, and the hook through which a service
//! adjusts one.

use std::path::Path;

use service_framework_model::json::{Node, read};
use service_framework_model::schema::Function;

use crate::diagnostics::{Diagnostic, Diagnostics, Source, read_source};

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// A JSON tree and where it was written.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it was written.
    pub source: Source,
    /// What it holds.
    pub node: Node,
}

/// A function of the service that gets a document and returns what is to overwrite it.
pub type Setup<'a> = Box<dyn FnOnce(&serde_json::Value) -> Result<serde_json::Value, String> + 'a>;

impl Document {
    /// Reads a file; `None` if that cannot be done, and then the diagnostics say why.
    #[must_use]
    pub fn from_file(path: &Path, diagnostics: &mut Diagnostics) -> Option<Self> {
        let source = match read_source(path, MOST_BYTES) {
            Ok(file) => file,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                return None;
            }
        };
        match read(&source.text) {
            Ok(node) => Some(Self { source: Source::File(source), node }),
            Err(problems) => {
                diagnostics.add(&Source::File(source), problems);
                None
            }
        }
    }

    /// What the embedding program gave as its `what`: its config or its addresses.
    #[must_use]
    pub fn embedded(what: &'static str, value: &serde_json::Value) -> Self {
        Self { source: Source::Embedded(what), node: Node::from(value) }
    }

    /// What a function of the service makes of `given`; `None` if it failed, and then the diagnostics say why.
    pub(crate) fn from_setup(
        function: Function,
        setup: Setup<'_>,
        given: &serde_json::Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let source = Source::Function(function);
        match setup(given) {
            Ok(value) => Some(Self { source, node: Node::from(&value) }),
            Err(reason) => {
                diagnostics.push(Diagnostic::error(source, format!("`{}` failed: {reason}", function.word())));
                None
            }
        }
    }
}
