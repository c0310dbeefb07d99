//! A JSON document out of a file or out of the program that embeds a service, and the hook through which a service
//! adjusts one.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use service_framework_model::json::{Node, read};
use service_framework_model::nearest::nearest;
use service_framework_model::problem::Span;
use service_framework_model::schema::Function;

use crate::diagnostics::{Diagnostic, Diagnostics, Source, SourceFile};

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// How many files of a folder are looked at for the one that was meant.
const MOST_ENTRIES: usize = 1000;

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
    /// Reads the file of the `what`, the config or the addresses; `None` if that cannot be done, and then the
    /// diagnostics say why.
    #[must_use]
    pub fn from_file(what: &'static str, path: &Path, diagnostics: &mut Diagnostics) -> Option<Self> {
        let source = |text: String| Source::File(Arc::new(SourceFile { path: path.to_owned(), text }));
        let bytes = match read_bytes(path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let message = format!("the {what} cannot be read: {reason}");
                diagnostics.push(Diagnostic::error(source(String::new()), message).with_help(near_path(path)));
                return None;
            }
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                diagnostics.push(not_utf_8(what, &error, source));
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
                diagnostics.push(Diagnostic::error(source, reason));
                None
            }
        }
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // Not by its length: a pipe (`-c <(make_config)`) and a device do not tell theirs.
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| reason_of(path, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {} MiB", MOST_BYTES >> 20));
    }
    Ok(bytes)
}

/// Why a file cannot be read, in the words of this crate.
pub(crate) fn reason_of(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if path.is_symlink() => {
            let target = std::fs::read_link(path).unwrap_or_default();
            format!("it is a link to `{}`, which is not there", target.display())
        }
        ErrorKind::NotFound => match path.parent().filter(|folder| *folder != Path::new("") && !folder.is_dir()) {
            Some(folder) => format!("there is no folder `{}`", folder.display()),
            None => "there is no such file".to_owned(),
        },
        ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        ErrorKind::IsADirectory => "expected a file, got a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// For a path that leads nowhere: the file beside it that was most likely meant.
pub(crate) fn near_path(path: &Path) -> Option<String> {
    let (name, folder) = (path.file_name()?.to_str()?, path.parent()?);
    if path.exists() || path.is_symlink() {
        return None;
    }
    let here = if folder == Path::new("") { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(here).ok()?.take(MOST_ENTRIES).flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{}`?", folder.join(near).display()))
}

fn not_utf_8(what: &str, error: &std::string::FromUtf8Error, source: impl FnOnce(String) -> Source) -> Diagnostic {
    const SAVE_IT: &str = "save the file as UTF-8";
    let bytes = error.as_bytes();
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let message = format!("the {what} cannot be read: the file is UTF-16, but JSON is UTF-8");
        return Diagnostic::error(source(String::new()), message).with_help(SAVE_IT.to_owned());
    }
    if bytes.contains(&0) {
        let message = format!("the {what} cannot be read: expected JSON, got a file that is no text");
        return Diagnostic::error(source(String::new()), message);
    }
    // What stands before the first bad byte is as it is, so its place is too.
    let start = error.utf8_error().valid_up_to();
    let bad = bytes.get(start).map_or_else(String::new, |byte| format!(" 0x{byte:02x}"));
    let span = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
    Diagnostic::error(source(String::from_utf8_lossy(bytes).into_owned()), format!("the byte{bad} is not UTF-8"))
        .with_span(Some(span))
        .with_help(SAVE_IT.to_owned())
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

    fn said(path: &Path) -> String {
        let mut diagnostics = Diagnostics::new();
        assert!(Document::from_file("config", path, &mut diagnostics).is_none());
        diagnostics.to_string().replace(path.to_str().unwrap(), "FILE")
    }

    #[test]
    fn the_problems_of_several_files_are_shown_together() {
        let config = Scratch::new("config.json", b"{\n  \"depth\": 1, // levels\n}\n");
        let addresses = Scratch::new("addresses.json", b"{\"in\": {},\n \"in\": {}}");
        let mut diagnostics = Diagnostics::new();
        for path in [&config.0, &addresses.0] {
            assert!(Document::from_file("config", path, &mut diagnostics).is_none());
        }
        let shown = diagnostics.to_string();
        assert!(shown.contains("comments are not part of JSON") && shown.contains("`in` is written twice"), "{shown}");
        assert!(shown.ends_with("2 problems; nothing was bound or started\n"), "{shown}");
    }

    #[test]
    fn a_byte_that_is_not_utf_8_is_shown_at_its_place() {
        let latin = Scratch::new("latin.json", b"{\n \"city\": \"Z\xfcrich\"}");
        let said = said(&latin.0);
        assert!(said.starts_with("error: the byte 0xfc is not UTF-8\n --> FILE:2:12\n"), "{said}");
    }

    #[test]
    fn what_is_no_text_says_what_it_is() {
        for (bytes, why) in [
            (&b"\xff\xfe{\0"[..], "the file is UTF-16"),
            (b"\x7fELF\x02\0\0\xff", "a file that is no text"),
            (&vec![b' '; (16 << 20) + 1], "more than 16 MiB"),
        ] {
            let scratch = Scratch::new("config.json", bytes);
            let said = said(&scratch.0);
            assert!(said.starts_with("error: the config cannot be read: ") && said.contains(why), "{said}");
        }
        assert!(said(&std::env::temp_dir()).contains("expected a file, got a folder"));
    }

    #[test]
    fn for_a_file_that_is_not_there_the_one_beside_it_is_named() {
        let there = Scratch::new("config.json", b"{}");
        let name = there.0.file_name().unwrap().to_str().unwrap().replace("config", "cnofig");
        let said = said(&there.0.with_file_name(name));
        assert!(said.contains("there is no such file"), "{said}");
        assert!(said.contains(&format!("did you mean `{}`?", there.0.display())), "{said}");
    }
}
