//! The functions that a service gives to its host: the one table that serves a plugin in a file of its own and a
//! service that is embedded in a program alike.
//!
//! Owns the instances. No panic crosses from here, and what the host lends is not kept.
#![allow(unsafe_code, reason = "the host calls these functions")]

mod targets;

use std::ffi::c_void;

use service_framework_model::slot::Slot;

use crate::Json;
use crate::abi::{
    ABI_MAJOR, ABI_MINOR, FAILED, FUNCTION_INIT, FUNCTION_MAIN, FUNCTION_ON_SIGINT, FUNCTION_ON_SIGTERM,
    FUNCTION_STATE, FUNCTION_TIMER, HostTable, MAGIC, OK, PANICKED, PluginTable, RawSlot, SETUP_ADDRESSES,
    SETUP_CONFIG, SETUP_CONNECTIONS, SETUP_STATES, Status, Text, WriteText,
};
use crate::builder::{Functions, Models};
use crate::context::Context;
use crate::definition::ServiceDefinition;
use crate::error::{Error, Result};
use crate::host::{Host, HostLog};
use crate::logs::Forward;
use crate::model::OwnedModel;
use crate::panics::{caught, install_hook};

/// The table of a service.
#[must_use]
pub const fn service_table<T: ServiceDefinition>() -> &'static PluginTable {
    const {
        &PluginTable {
            magic: MAGIC,
            // The table is far smaller than 4 GiB.
            size: size_of::<PluginTable>() as u32,
            major: ABI_MAJOR,
            minor: ABI_MINOR,
            built_with: Text::new(concat!("service_framework ", env!("CARGO_PKG_VERSION"))),
            describe: describe::<T>,
            attach,
            create: create::<T>,
            destroy: destroy::<T>,
            call: call::<T>,
            setup: setup::<T>,
            make_target: targets::make_target::<T>,
            call_target: targets::call_target,
            drop_target: targets::drop_target,
        }
    }
}

/// A service with what its calls need.
struct Instance<T> {
    service: T,
    context: Context,
    functions: Functions<T>,
}

impl<T: ServiceDefinition> Instance<T> {
    fn new(config: T::Config) -> Result<Self> {
        let (model, functions) = Models::<T>::of_service().finish();
        Ok(Self { service: T::new(config)?, context: Context::of::<T>(&model), functions })
    }

    fn call(&mut self, function: u32, slots: &[Slot<'_>]) -> Result<()> {
        let Self { service, context, functions } = self;
        if let Some(handler) = functions.handlers.get(function as usize) {
            return handler(service, context, slots);
        }
        if let Some(timer) = function.checked_sub(FUNCTION_TIMER) {
            return context.ring(timer)?(service, context);
        }
        let state = function.checked_sub(FUNCTION_STATE).and_then(|place| functions.state_handlers.get(place as usize));
        if let Some(Some(handler)) = state {
            return handler(service, context, slots);
        }
        let plain = match function {
            FUNCTION_INIT => functions.init,
            FUNCTION_MAIN => functions.main,
            FUNCTION_ON_SIGINT => functions.on_sigint,
            FUNCTION_ON_SIGTERM => functions.on_sigterm,
            _ => None,
        };
        let plain = plain.ok_or_else(|| Error::new(format!("the service has no function {function:#x}")))?;
        plain(service, context)
    }
}

/// # Safety
/// `write` takes `sink` and a text that is valid during the call.
unsafe extern "C" fn describe<T: ServiceDefinition>(sink: *mut c_void, write: WriteText) -> Status {
    let described = caught(|| Models::<T>::of_service().finish().0.to_json());
    let (status, text) = match described {
        Ok(Ok(json)) => (OK, json),
        Ok(Err(error)) => (FAILED, format!("the models cannot be written as JSON: {error}")),
        Err(panic) => (PANICKED, format!("the service panicked while it described itself: {panic}")),
    };
    // SAFETY: the caller's promise; the text lives until `write` returns.
    unsafe { write(sink, Text::new(&text)) };
    status
}

/// # Safety
/// `host` is null or a host's table whose log functions stay good for as long as the program runs.
unsafe extern "C" fn attach(host: *const HostTable) {
    // SAFETY: the caller's promise.
    let Some(log) = (unsafe { HostLog::new(host) }) else { return };
    // There is nobody to tell if this panics, and nothing to do but to go on without.
    let _ = caught(|| {
        install_hook(log);
        // A plugin that has set a subscriber of its own keeps it.
        tracing::subscriber::set_global_default(Forward::to(log)).ok();
    });
}

/// # Safety
/// `host` is null or a host's table, `run` what came with it; the slots are good and valid during the call; `instance`
/// can be written to.
unsafe extern "C" fn create<T: ServiceDefinition>(
    host: *const HostTable,
    run: *mut c_void,
    config: *const RawSlot,
    count: usize,
    instance: *mut *mut c_void,
) -> Status {
    // SAFETY: the caller's promise; the host is used during this call only.
    let Some(host) = (unsafe { Host::new(host, run) }) else { return FAILED };
    host.report(|| {
        // SAFETY: the caller's promise.
        let slots = unsafe { Slot::from_raw(config, count) };
        let config = T::Config::from_slots(slots).map_err(|refusal| Error::bad_call(&refusal))?;
        let made = Box::into_raw(Box::new(Instance::<T>::new(config)?));
        // SAFETY: the caller's promise.
        unsafe { instance.write(made.cast()) };
        Ok(())
    })
}

/// # Safety
/// `instance` is null, or what [`create`] of this service made and nobody uses any more.
unsafe extern "C" fn destroy<T: ServiceDefinition>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: the caller's promise: it was a box of this type, and it comes back once.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<T>>()) };
    if let Err(panic) = caught(|| drop(instance)) {
        // The subscriber is the program's or the host's; should it panic too, there is nobody left to tell.
        let _ = caught(|| tracing::error!("the service panicked while it was dropped: {panic}"));
    }
}

/// # Safety
/// `instance` is what [`create`] of this service made, and nobody else uses it during the call; `host` is null or a
/// host's table, `run` what came with it; the slots are good and valid during the call.
unsafe extern "C" fn call<T: ServiceDefinition>(
    instance: *mut c_void,
    host: *const HostTable,
    run: *mut c_void,
    function: u32,
    arguments: *const RawSlot,
    count: usize,
) -> Status {
    // SAFETY: the caller's promise; the context lets go of the host before this call ends.
    let Some(host) = (unsafe { Host::new(host, run) }) else { return FAILED };
    // SAFETY: the caller's promise.
    let Some(instance) = (unsafe { instance.cast::<Instance<T>>().as_mut() }) else { return FAILED };
    instance.context.enter(host);
    // SAFETY: the caller's promise.
    let status = host.report(|| instance.call(function, unsafe { Slot::from_raw(arguments, count) }));
    instance.context.leave();
    status
}

/// # Safety
/// `host` is null or a host's table, `run` what came with it; `input` is valid during the call; `write` takes `sink`
/// and a text that is valid during the call.
unsafe extern "C" fn setup<T: ServiceDefinition>(
    host: *const HostTable,
    run: *mut c_void,
    hook: u32,
    input: Text,
    sink: *mut c_void,
    write: WriteText,
) -> Status {
    // SAFETY: the caller's promise; the host is used during this call only.
    let Some(host) = (unsafe { Host::new(host, run) }) else { return FAILED };
    host.report(|| {
        // SAFETY: the caller's promise.
        let input = serde_json::from_str(&unsafe { input.copied() })?;
        let output = run_setup::<T>(hook, input)?.to_string();
        // SAFETY: the caller's promise; the text lives until `write` returns.
        unsafe { write(sink, Text::new(&output)) };
        Ok(())
    })
}

fn run_setup<T: ServiceDefinition>(hook: u32, mut input: Json) -> Result<Json> {
    let (_, functions) = Models::<T>::of_service().finish();
    let missing = || Error::new(format!("the service has no setup function {hook}"));
    match hook {
        SETUP_CONFIG => functions.setup_config.ok_or_else(missing)?(input),
        SETUP_CONNECTIONS => functions.setup_connections.ok_or_else(missing)?(input),
        SETUP_STATES => functions.setup_states.ok_or_else(missing)?(input),
        SETUP_ADDRESSES => {
            let mut part = |name: &str| input.get_mut(name).map(Json::take).unwrap_or_default();
            functions.setup_addresses.ok_or_else(missing)?(part("config"), part("addresses"))
        }
        _ => Err(missing()),
    }
}
