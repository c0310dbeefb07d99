//! A service behind its table, as safe calls.
//!
//! Owns the life of an instance: made once, called one call at a time on one thread, destroyed on drop.
#![allow(unsafe_code, reason = "a plugin's functions are called here")]

use std::cell::RefCell;
use std::ffi::c_void;
use std::marker::PhantomData;

use service_framework_model::slot::Slot;
use service_framework_plugin::abi::{self, OK, PANICKED, PluginTable, Status, Text};

use super::failure::broken_boundary;
use super::host::{self, host_table};
use super::{Failure, Run, Target};

/// How much is told of why a service could not declare its models, in characters.
const LONGEST_REASON: usize = 1000;

/// The table of a service that was checked: its functions may be called.
#[derive(Clone, Copy)]
pub(crate) struct Table(&'static PluginTable);

impl Table {
    pub(crate) const fn new(table: &'static PluginTable) -> Self {
        Self(table)
    }

    /// What the service was built with, for people.
    pub(crate) fn built_with(self) -> String {
        // SAFETY: the table's text lives as long as the library.
        unsafe { host::text(self.0.built_with) }
    }

    /// Tells a service in a library of its own where its logs and panics go.
    pub(crate) fn attach(self) {
        // SAFETY: the host's table is a static.
        unsafe { (self.0.attach)(host_table()) }
    }

    /// The service's models as the JSON that it hands over, of whatever content.
    pub(crate) fn describe(self) -> Result<Vec<u8>, String> {
        let mut collected = Collected::default();
        // SAFETY: `collect` takes exactly this sink.
        let status = unsafe { (self.0.describe)((&raw mut collected).cast(), collect) };
        let json = collected.whole()?;
        if status == OK {
            return Ok(json);
        }
        // What it wrote is then the reason, of whatever length.
        let reason: String = String::from_utf8_lossy(&json).chars().take(LONGEST_REASON).collect();
        Err(match (status, reason.as_str()) {
            (PANICKED, "") => "the service panicked while it declared its models".to_owned(),
            (PANICKED, _) => reason,
            (_, "") => format!("the service could not declare its models, and did not say why (status {status})"),
            _ => format!("the service could not declare its models (status {status}): {reason}"),
        })
    }

    /// Runs a `setup_*` function: JSON in, JSON out.
    pub(crate) fn setup(self, hook: u32, input: &str, run: Run<'_>) -> Result<Vec<u8>, Failure> {
        let mut collected = Collected::default();
        let cell = RefCell::new(run);
        // SAFETY: the run outlives the call, the input is borrowed for it, `collect` takes exactly this sink.
        let status = unsafe {
            let run = (&raw const cell).cast_mut().cast();
            (self.0.setup)(host_table(), run, hook, Text::new(input), (&raw mut collected).cast(), collect)
        };
        outcome(status, &cell)?;
        collected.whole().map_err(|reason| Failure::new("too_large", reason))
    }
}

/// The longest text that is taken from a service, in bytes.
const LONGEST_TEXT: usize = 64 << 20;

/// A text that a service hands over, in one piece or in several.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Collected {
    fn whole(self) -> Result<Vec<u8>, String> {
        if self.too_long {
            return Err(format!("the service handed over a text of more than {LONGEST_TEXT} bytes"));
        }
        Ok(self.bytes)
    }
}

/// Appends a text to the [`Collected`] that is its sink. One that is too long is not even read: its length may be wrong.
unsafe extern "C" fn collect(sink: *mut c_void, text: Text) {
    if text.pointer.is_null() || text.len == 0 {
        return;
    }
    // SAFETY: `Table` hands this function out with a `Collected` as its sink only.
    let collected = unsafe { &mut *sink.cast::<Collected>() };
    if text.len > LONGEST_TEXT - collected.bytes.len() {
        collected.too_long = true;
        return;
    }
    // SAFETY: the text is valid for the call.
    collected.bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(text.pointer, text.len) });
}

pub(super) fn outcome(status: Status, cell: &RefCell<Run<'_>>) -> Result<(), Failure> {
    if status == OK {
        return Ok(());
    }
    let failure = cell.borrow_mut().take_failure();
    Err(failure.unwrap_or_else(|| broken_boundary(status)))
}

/// A service that runs. Belongs to the thread that made it.
pub(crate) struct Instance {
    table: &'static PluginTable,
    pointer: *mut c_void,
    /// A service need not be `Send`: it is made, called and destroyed on one thread.
    on_one_thread: PhantomData<*mut ()>,
}

impl Instance {
    /// Makes the service from its config.
    pub(crate) fn create(table: Table, config: &[Slot<'_>], run: Run<'_>) -> Result<Self, Failure> {
        let mut pointer = std::ptr::null_mut();
        let cell = RefCell::new(run);
        // SAFETY: the config and the run are borrowed for the call; `pointer` is a place for the instance.
        let status = unsafe {
            let run = (&raw const cell).cast_mut().cast();
            (table.0.create)(host_table(), run, Slot::as_raw(config), config.len(), &raw mut pointer)
        };
        outcome(status, &cell)?;
        Ok(Self { table: table.0, pointer, on_one_thread: PhantomData })
    }

    /// Calls a function of the service.
    pub(crate) fn call(
        &mut self,
        function: u32,
        arguments: &[Slot<'_>],
        run: &RefCell<Run<'_>>,
    ) -> Result<(), Failure> {
        // SAFETY: the instance was made by this table and is used by one call at a time (`&mut`); arguments and run
        // are borrowed for the call.
        let status = unsafe {
            let cell = std::ptr::from_ref(run).cast_mut().cast();
            let slots = Slot::as_raw(arguments);
            (self.table.call)(self.pointer, host_table(), cell, function, slots, arguments.len())
        };
        outcome(status, run)
    }

    /// Makes one target of the external target at `place`.
    pub(crate) fn make_target(&mut self, place: usize, run: Run<'_>) -> Result<Target, Failure> {
        // There are fewer connections than 2^31: each stands in a model of bounded size.
        let place = place as u32;
        let mut pointer = std::ptr::null_mut();
        let cell = RefCell::new(run);
        // SAFETY: the instance was made by this table and is used by one call at a time (`&mut`); the run is borrowed
        // for the call; `pointer` is a place for the target.
        let status = unsafe {
            let run = (&raw const cell).cast_mut().cast();
            (self.table.make_target)(self.pointer, host_table(), run, place, &raw mut pointer)
        };
        outcome(status, &cell)?;
        Ok(Target::new(self.table, pointer, place))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: made by this table's `create`, destroyed once.
        unsafe { (self.table.destroy)(self.pointer) }
    }
}

/// The number of a function of the service that is not a connection's.
pub(crate) const fn function_number(function: service_framework_model::schema::Function) -> Option<u32> {
    use service_framework_model::schema::Function;
    match function {
        Function::Init => Some(abi::FUNCTION_INIT),
        Function::Main => Some(abi::FUNCTION_MAIN),
        Function::OnSigint => Some(abi::FUNCTION_ON_SIGINT),
        Function::OnSigterm => Some(abi::FUNCTION_ON_SIGTERM),
        Function::SetupConfig | Function::SetupAddresses | Function::SetupConnections | Function::SetupStates => None,
    }
}
