//! Finds out whether a file is a plugin that this host can speak to, and only then loads it.
//!
//! Owns the ways in which that fails; `load_error` has their words. No code of a file runs before its dynamic symbols said that it is a plugin
//! of a known ABI. A library is never unloaded: thread-local destructors would keep pointing into it.
#![allow(unsafe_code)]

use std::error::Error;
use std::path::Path;

use object::{Architecture, BinaryFormat, Object, ObjectKind};
use service_framework_plugin::abi::{ABI_MAJOR, ANY_SYMBOL_PREFIX, EntryPoint, MAGIC, PluginTable, SYMBOL_PREFIX};

use super::LoadError;

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
        return Err(not_a_library("an empty file".into()));
    }
    if object::FileKind::parse(bytes).is_err() {
        return Err(not_a_library(unknown_format(bytes)));
    }
    let damaged = |error: object::Error| LoadError::Damaged { path: given(), what: error.to_string().to_lowercase() };
    let file = object::File::parse(bytes).map_err(damaged)?;
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
fn unknown_format(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => "a text file".to_owned(),
        _ => "a file of an unknown format".to_owned(),
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

fn checked(path: &Path, table: *const PluginTable) -> Result<&'static PluginTable, LoadError> {
    let bad = |what: String| LoadError::BadTable { path: path.to_path_buf(), what };
    if table.is_null() || !table.is_aligned() {
        return Err(bad("its address is null or not aligned".into()));
    }
    // SAFETY: not null, aligned, and the ABI promises that a table begins with these members and lives as long as the
    // library, which is never unloaded.
    let (magic, size, major) = unsafe { ((*table).magic, (*table).size, (*table).major) };
    if magic != MAGIC {
        return Err(bad(format!("it does not begin with the magic number ({magic:#x} instead of {MAGIC:#x})")));
    }
    if major != ABI_MAJOR {
        return Err(LoadError::ForeignAbi { path: path.to_path_buf(), found: major.to_string() });
    }
    if (size as usize) < size_of::<PluginTable>() {
        return Err(bad(format!(
            "it says that it has {size} bytes, version {ABI_MAJOR} has {}",
            size_of::<PluginTable>()
        )));
    }
    if has_null_function(table) {
        return Err(bad("one of its functions is null".into()));
    }
    // SAFETY: the table has the size of the version that both sides speak, and no function of it is null.
    Ok(unsafe { &*table })
}

/// Whether a function of the table is null, which a plugin in C could leave so. Looked at before there is a reference
/// to the table: Rust takes it for granted that functions are not.
fn has_null_function(table: *const PluginTable) -> bool {
    // SAFETY: only addresses of members are taken; the table has all of them (`checked`).
    let members = unsafe {
        [
            (&raw const (*table).describe).cast::<usize>(),
            (&raw const (*table).attach).cast::<usize>(),
            (&raw const (*table).create).cast::<usize>(),
            (&raw const (*table).destroy).cast::<usize>(),
            (&raw const (*table).call).cast::<usize>(),
            (&raw const (*table).setup).cast::<usize>(),
        ]
    };
    // SAFETY: a function pointer is as large as a `usize`, and any bits are a valid number.
    members.into_iter().any(|member| unsafe { member.read() } == 0)
}

/// The loader's own words, which `libloading` keeps in the error's source.
fn refused(path: &Path, error: &libloading::Error) -> LoadError {
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    LoadError::Refused { path: path.to_path_buf(), reason }
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;

    /// A table of zeros that begins as a good one does, as a plugin in C may leave it.
    fn unfinished(size: usize) -> MaybeUninit<PluginTable> {
        let mut table = MaybeUninit::<PluginTable>::zeroed();
        let pointer = table.as_mut_ptr();
        // SAFETY: plain numbers are written into memory that is a table's; no reference to it is made.
        unsafe {
            (&raw mut (*pointer).magic).write(MAGIC);
            (&raw mut (*pointer).size).write(size as u32);
            (&raw mut (*pointer).major).write(ABI_MAJOR);
        }
        table
    }

    fn refusal(table: *const PluginTable) -> String {
        checked(Path::new("svc.so"), table).err().expect("a damaged table").to_string()
    }

    #[test]
    fn a_table_with_a_null_function_is_refused_before_it_is_used() {
        let table = unfinished(size_of::<PluginTable>());
        assert!(refusal(table.as_ptr()).contains("one of its functions is null"));
    }

    #[test]
    fn a_table_that_is_too_short_or_nowhere_is_refused() {
        assert!(refusal(unfinished(8).as_ptr()).contains("it says that it has 8 bytes"));
        assert!(refusal(std::ptr::null()).contains("null or not aligned"));
    }
}
