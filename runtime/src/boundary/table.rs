//! Whether a table that a library handed over may be used, and what stands in for what an older one lacks.
//!
//! Owns the check of a table's head and members. Calls none of its functions.
#![allow(unsafe_code, reason = "a plugin's table is read here")]

use std::ffi::c_void;
use std::mem::{MaybeUninit, offset_of};
use std::path::Path;

use service_framework_plugin::abi::{
    ABI_MAJOR, ABI_MINOR, ErrorText, FAILED, HostTable, MAGIC, PluginTable, RawSlot, Status, Text,
};

use super::{LoadError, host};

/// The table at this address, checked; with stand-ins for what a table need not have.
pub(super) fn checked(path: &Path, table: *const PluginTable) -> Result<&'static PluginTable, LoadError> {
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
    if (size as usize) < FIRST_SIZE {
        return Err(bad(format!("it says that it has {size} bytes, version {ABI_MAJOR} has at least {FIRST_SIZE}")));
    }
    // SAFETY: the table has this member, as every version has (`FIRST_SIZE`).
    let minor = unsafe { (*table).minor };
    if minor > ABI_MINOR {
        // SAFETY: likewise; the text lives as long as the library.
        let built_with = unsafe { host::text((*table).built_with) };
        return Err(LoadError::NewerAbi { path: path.to_path_buf(), minor, built_with });
    }
    if has_null_function(table) {
        return Err(bad("one of its functions is null".into()));
    }
    Ok(completed(table, size as usize))
}

/// The size of a table of minor version 0, which has nothing behind `setup`.
const FIRST_SIZE: usize = offset_of!(PluginTable, make_target);

/// Where the functions are that a table need not have.
const OPTIONAL: [usize; 3] =
    [offset_of!(PluginTable, make_target), offset_of!(PluginTable, call_target), offset_of!(PluginTable, drop_target)];

/// The table, or a copy of it with stand-ins for what it lacks: a plugin of an earlier minor version, or one in C that
/// has no external target.
fn completed(table: *const PluginTable, size: usize) -> &'static PluginTable {
    let has = |at: usize| {
        // SAFETY: the member lies within the size that the table gives itself; any bits are a valid number.
        at + size_of::<usize>() <= size && unsafe { table.byte_add(at).cast::<usize>().read() } != 0
    };
    if OPTIONAL.into_iter().all(has) {
        // SAFETY: the table has the size of the version that both sides speak, and no function of it is null.
        return unsafe { &*table };
    }
    let mut whole = MaybeUninit::<PluginTable>::uninit();
    let copy = whole.as_mut_ptr();
    // SAFETY: the table has at least the members in front of `make_target`, all good (`checked`); those from there on
    // are taken from it only if they are there and not null. After this each member has been written.
    let whole = unsafe {
        std::ptr::copy_nonoverlapping(table.cast::<u8>(), copy.cast::<u8>(), FIRST_SIZE);
        (&raw mut (*copy).make_target).write(no_target);
        (&raw mut (*copy).call_target).write(no_call);
        (&raw mut (*copy).drop_target).write(no_drop);
        for at in OPTIONAL {
            if has(at) {
                copy.byte_add(at).cast::<usize>().write(table.byte_add(at).cast::<usize>().read());
            }
        }
        whole.assume_init()
    };
    // A plugin is never unloaded, so its table is never freed.
    Box::leak(Box::new(whole))
}

unsafe extern "C" fn no_target(
    _: *mut c_void,
    host: *const HostTable,
    run: *mut c_void,
    _: u32,
    _: *mut *mut c_void,
) -> Status {
    let error = ErrorText {
        code: Text::new("no_target"),
        message: Text::new("the service declares an external target and gives no function that makes one"),
        field: Text::new(""),
        flags: 0,
    };
    // SAFETY: the host calls this with its own table and the run of the call.
    unsafe { ((*host).fail)(run, &raw const error) };
    FAILED
}

unsafe extern "C" fn no_call(
    _: *mut c_void,
    _: *const HostTable,
    _: *mut c_void,
    _: u32,
    _: *const RawSlot,
    _: usize,
) -> Status {
    FAILED
}

unsafe extern "C" fn no_drop(_: *mut c_void, _: u32) {}

/// Whether a function that every table has is null, which a plugin in C could leave so. Looked at before there is a
/// reference to the table: Rust takes it for granted that functions are not.
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
    fn a_table_of_a_later_minor_version_is_refused_with_the_runner_that_it_needs() {
        let mut table = unfinished(size_of::<PluginTable>() + size_of::<usize>());
        let pointer = table.as_mut_ptr();
        // SAFETY: as in `unfinished`.
        unsafe {
            (&raw mut (*pointer).minor).write(ABI_MINOR + 1);
            (&raw mut (*pointer).built_with).write(Text::new("service_framework 9.8.7"));
        }
        let said = refusal(pointer);
        let version = format!("version {ABI_MAJOR}.{} of the plugin ABI", ABI_MINOR + 1);
        assert!(
            said.contains(&version) && said.contains("run it with service_framework 9.8.7 or a later one"),
            "{said}"
        );
    }

    #[test]
    fn a_table_that_is_too_short_or_nowhere_is_refused() {
        assert!(refusal(unfinished(8).as_ptr()).contains("it says that it has 8 bytes"));
        assert!(refusal(std::ptr::null()).contains("null or not aligned"));
    }
}
