//! A JSON document out of a file or out of the program that embeds a service, and the hook through which a service
//! adjusts one.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use service_framework_model::json::{Node, read};
use service_framework_model::schema::Function;

use crate::diagnostics::{Diagnostic, Diagnostics, Source, SourceFile};

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
        let source = |text: String| Source::File(Arc::new(SourceFile { path: path.to_owned(), text }));
        let text = match read_text(path) {
            Ok(text) => text,
            Err(message) => {
                diagnostics.push(Diagnostic::error(source(String::new()), message));
                return None;
            }
        };
        match read(&text) {
            Ok(node) => Some(Self { source: source(text), node }),
            Err(problems) => {
                diagnostics.add(&source(text), problems);
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

fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read: {}", reason(&error));
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MOST_BYTES {
        return Err(format!("the file has {length} bytes, but at most {MOST_BYTES} are read"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|e| format!("the file is not UTF-8 from byte {} on", e.utf8_error().valid_up_to()))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this test's own, removed with the value.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("{}-{name}", uuid::Uuid::new_v4()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone_already = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_problems_of_several_files_are_shown_together() {
        let config = Scratch::new("config.json", b"{\n  \"depth\": 1, // levels\n}\n");
        let addresses = Scratch::new("addresses.json", b"{\"in\": {},\n \"in\": {}}");
        let latin = Scratch::new("latin.json", b"\"\xe9\"");
        let missing = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        let mut diagnostics = Diagnostics::new();
        for path in [&config.0, &addresses.0, &latin.0, &missing, &std::env::temp_dir()] {
            assert!(Document::from_file(path, &mut diagnostics).is_none());
        }
        let mut shown = diagnostics.to_string();
        let names = ["config.json", "addresses.json", "latin.json", "missing.json", "directory"];
        let paths = [&config.0, &addresses.0, &latin.0, &missing, &std::env::temp_dir()];
        for (path, name) in paths.into_iter().zip(names) {
            shown = shown.replace(path.to_str().unwrap(), name);
        }
        assert_eq!(
            shown,
            r#"error: comments are not part of JSON
 --> config.json:2:15
  |
2 |   "depth": 1, // levels
  |               ^^^^^^^^^
  |
  = help: remove the comment

error: `in` is written twice
 --> addresses.json:2:2
  |
2 |  "in": {}}
  |  ^^^^
  |
  = help: keep one of them

error: the file is not UTF-8 from byte 1 on
--> latin.json

error: the file cannot be read: there is no such file
--> missing.json

error: the file cannot be read: it is a directory
--> directory

5 problems; nothing was bound or started
"#
        );
    }
}
