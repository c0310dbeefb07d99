//! Finds out whether a file is a plugin that this host can speak to, and only then loads it.
//!
//! Owns the four ways in which that fails. No code of a file runs before its dynamic symbols said that it is a plugin
//! of a known ABI. A library is never unloaded: thread-local destructors would keep pointing into it.
#![allow(unsafe_code)]

use std::error::Error;
use std::path::{Path, PathBuf};

use object::{Object, ObjectKind};
use service_framework_plugin::abi::{ABI_MAJOR, ANY_SYMBOL_PREFIX, EntryPoint, PluginTable, SYMBOL_PREFIX};

use super::table::checked;

/// Why a file is not a plugin that can be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the service `{path}`: {source}")]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no shared library.
    #[error(
        "`{path}` is not a shared library: {what}; give the .so that `cargo build` makes of a crate with crate-type = [\"cdylib\"]"
    )]
    NotALibrary {
        /// The path as it was given.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// A shared library that exports no service.
    #[error(
        "`{path}` is no service: it can be loaded, but exports no symbol that begins with `{ANY_SYMBOL_PREFIX}`; write `export_service!(YourService);` in the crate's lib.rs and build it as a cdylib"
    )]
    NotAPlugin {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A service of an ABI that this host does not speak.
    #[error("`{path}` speaks version {found} of the plugin ABI and this runner version {ABI_MAJOR}; rebuild the plugin with service_framework {}", env!("CARGO_PKG_VERSION"))]
    ForeignAbi {
        /// The path as it was given.
        path: PathBuf,
        /// The version in the symbol's name or in the table.
        found: String,
    },
    /// More than one service, and none is named after the file.
    #[error("`{path}` exports several services ({}); name the file after the one to run (lib<name>.so)", names.join(", "))]
    Ambiguous {
        /// The path as it was given.
        path: PathBuf,
        /// The crates whose services it exports.
        names: Vec<String>,
    },
    /// The system's loader refused it.
    #[error("the system cannot load `{path}`: {reason}")]
    Refused {
        /// The path as it was given.
        path: PathBuf,
        /// What the loader says.
        reason: String,
    },
    /// The symbol led to a table that is damaged.
    #[error("`{path}` exports a service whose table is damaged: {what}; rebuild the plugin")]
    BadTable {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Loads the service in the library at `path`.
///
/// # Errors
/// [`LoadError`], each naming the file and what to do.
pub(crate) fn load(path: &Path) -> Result<&'static PluginTable, LoadError> {
    let given = || path.to_path_buf();
    let unreadable = |source| LoadError::Unreadable { path: given(), source };
    // Made absolute: a bare name would send the system's loader searching its own folders.
    let absolute = std::fs::canonicalize(path).map_err(unreadable)?;
    let bytes = std::fs::read(&absolute).map_err(unreadable)?;
    let symbol = plugin_symbol(path, &bytes)?;

    // SAFETY: loading runs the library's initialisers. That it is a plugin of our ABI was read from its symbols; that a
    // plugin's initialisers are sound is what its author answers for, as for all of its code.
    let library = unsafe { libloading::Library::new(&absolute) }.map_err(|error| refused(path, &error))?;
    // SAFETY: the symbol's prefix says that it has this type.
    let entry = unsafe { library.get::<EntryPoint>(symbol.as_bytes()) }.map_err(|error| refused(path, &error))?;
    // SAFETY: an entry point takes nothing and returns the address of its table.
    let table = unsafe { entry() };
    std::mem::forget(library);
    checked(path, table)
}

/// The name of the one symbol by which the service is reached.
fn plugin_symbol(path: &Path, bytes: &[u8]) -> Result<String, LoadError> {
    let given = || path.to_path_buf();
    let not_a_library = |what: String| LoadError::NotALibrary { path: given(), what };
    if bytes.is_empty() {
        return Err(not_a_library("the file is empty".into()));
    }
    let file = object::File::parse(bytes).map_err(|error| not_a_library(error.to_string().to_lowercase()))?;
    if file.kind() != ObjectKind::Dynamic {
        return Err(not_a_library(format!("it is an object file of the kind {:?}", file.kind()).to_lowercase()));
    }
    let exports = file.exports().map_err(|error| not_a_library(error.to_string()))?;
    let names = exports.iter().filter_map(|export| std::str::from_utf8(export.name()).ok());
    let services: Vec<&str> = names.filter(|name| name.starts_with(ANY_SYMBOL_PREFIX)).collect();
    let ours: Vec<&str> = services.iter().copied().filter(|name| name.starts_with(SYMBOL_PREFIX)).collect();
    match ours.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(services.first().map_or_else(
            || LoadError::NotAPlugin { path: given() },
            |foreign| LoadError::ForeignAbi { path: given(), found: version_in(foreign) },
        )),
        several => named_after_file(path, several).ok_or_else(|| {
            let names = several.iter().map(|name| name.trim_start_matches(SYMBOL_PREFIX).to_owned()).collect();
            LoadError::Ambiguous { path: given(), names }
        }),
    }
}

fn named_after_file(path: &Path, symbols: &[&str]) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    symbols.iter().find(|symbol| symbol.strip_prefix(SYMBOL_PREFIX) == Some(stem)).map(|symbol| (*symbol).to_owned())
}

/// The version in a symbol such as `sf_plugin_v7__name`.
fn version_in(symbol: &str) -> String {
    let rest = symbol.strip_prefix(ANY_SYMBOL_PREFIX).unwrap_or(symbol);
    rest.split("__").next().unwrap_or(rest).to_owned()
}

/// The loader's own words, which `libloading` keeps in the error's source.
fn refused(path: &Path, error: &libloading::Error) -> LoadError {
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    LoadError::Refused { path: path.to_path_buf(), reason }
}
