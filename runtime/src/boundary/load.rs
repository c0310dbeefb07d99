//! Finds out whether a file is a plugin that this host can speak to, and only then loads it.
//!
//! Owns the ways in which that fails; `load_error` has their words. No code of a file runs before its dynamic symbols said
//! that it is a plugin of a known ABI. A library is never unloaded: thread-local destructors would keep pointing into it.
#![allow(unsafe_code, reason = "a library is loaded, and its symbols are believed, here")]

use std::error::Error;
use std::fs::File;
use std::path::Path;

use object::{Architecture, BinaryFormat, Object, ObjectKind};
use service_framework_model::wire::Arena;
use service_framework_plugin::abi::{ANY_SYMBOL_PREFIX, EntryPoint, PluginTable, SYMBOL_PREFIX};

use super::LoadError;
use super::load_parts::Parts;
use super::table::checked;

/// How much of a file is looked at to say what it is, if it is no object file.
const LOOKED_AT: u64 = 64 << 10;

/// Loads the service in the library at `path`.
///
/// # Errors
/// [`LoadError`], each naming the file and what to do.
pub(crate) fn load(path: &Path) -> Result<&'static PluginTable, LoadError> {
    let given = || path.to_path_buf();
    let unreadable = |source| LoadError::Unreadable { path: given(), source };
    // Made absolute: a bare name would send the system's loader searching its own folders.
    let absolute = std::fs::canonicalize(path).map_err(unreadable)?;
    let (file, arena) = (File::open(&absolute).map_err(unreadable)?, Arena::new());
    let parts = Parts::new(&file, &arena).map_err(unreadable)?;
    let symbol = plugin_symbol(path, &parts).map_err(|error| match parts.take_failure() {
        Some(source) => LoadError::Unreadable { path: given(), source },
        None => error,
    })?;

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
fn plugin_symbol(path: &Path, parts: &Parts<'_>) -> Result<String, LoadError> {
    let given = || path.to_path_buf();
    let not_a_library = |what: String| LoadError::NotALibrary { path: given(), what };
    if object::FileKind::parse(parts).is_err() {
        let beginning = parts.beginning(LOOKED_AT);
        let beginning = beginning.map_err(|source| LoadError::Unreadable { path: given(), source })?;
        return Err(not_a_library(unknown_format(&beginning).to_owned()));
    }
    let damaged = |error: object::Error| LoadError::Damaged { path: given(), what: error.to_string().to_lowercase() };
    let file = object::File::parse(parts).map_err(damaged)?;
    if file.kind() != ObjectKind::Dynamic {
        let what = match file.kind() {
            ObjectKind::Executable => "a program",
            ObjectKind::Relocatable => "an object file that was not linked",
            ObjectKind::Core => "a core dump",
            _ => "another kind of object file",
        };
        return Err(not_a_library(what.into()));
    }
    let (found, here) = (machine(file.format(), file.architecture()), this_machine());
    if here.as_ref().is_some_and(|here| *here != found) {
        return Err(LoadError::ForeignMachine { path: given(), found, here: here.unwrap_or_default() });
    }
    let exports = file.exports().map_err(damaged)?;
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

/// What a file is that is no object file.
fn unknown_format(beginning: &[u8]) -> &'static str {
    // The last character may be one that was cut through.
    let is_text = match std::str::from_utf8(beginning) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    match is_text && !beginning.contains(&0) {
        _ if beginning.is_empty() => "an empty file",
        true => "a text file",
        false => "a file of an unknown format",
    }
}

/// The kind of machine and system that this host was built for; `None` where it has no word for it.
fn this_machine() -> Option<String> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => Architecture::X86_64,
        "aarch64" => Architecture::Aarch64,
        "x86" => Architecture::I386,
        "arm" => Architecture::Arm,
        "riscv64" => Architecture::Riscv64,
        "powerpc64" => Architecture::PowerPc64,
        "s390x" => Architecture::S390x,
        _ => return None,
    };
    Some(machine(BinaryFormat::native_object(), architecture))
}

fn machine(format: BinaryFormat, architecture: Architecture) -> String {
    // The names of the variants are those by which the machines are known.
    format!("{architecture:?} ({format:?})").to_lowercase()
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
