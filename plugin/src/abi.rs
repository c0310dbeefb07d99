//! The C ABI between the host and a service: two tables of functions, and the rules for what crosses.
//!
//! Owns the layout. Only borrowed memory crosses, valid for the call in which it crosses; nothing that one side
//! allocates is freed by the other; no panic and no exception crosses. A minor version appends members, and `size`
//! tells the other side which of them are there.

use std::ffi::c_void;

pub use service_framework_model::slot::RawSlot;

/// The first bytes of a table: `SFPLUGIN` read as a little-endian number.
pub const MAGIC: u64 = u64::from_le_bytes(*b"SFPLUGIN");
/// The version that both sides must share.
pub const ABI_MAJOR: u16 = 1;
/// The version that says how many members a table has.
pub const ABI_MINOR: u16 = 2;
/// What the exported symbol of a plugin begins with; its crate's name follows.
pub const SYMBOL_PREFIX: &str = "sf_plugin_v1__";
/// What the exported symbol of a plugin of any ABI begins with.
pub const ANY_SYMBOL_PREFIX: &str = "sf_plugin_v";

/// The function that a plugin exports under [`SYMBOL_PREFIX`] and its crate's name.
pub type EntryPoint = unsafe extern "C" fn() -> *const PluginTable;

/// Text borrowed over the boundary. UTF-8 is promised by neither side to the other: the reader checks.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Where it begins; may be null if `len` is 0.
    pub pointer: *const u8,
    /// Its length in bytes.
    pub len: usize,
}

impl Text {
    /// Borrows a text for as long as the call lasts.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { pointer: text.as_ptr(), len: text.len() }
    }
}

/// How a call over the boundary ended.
pub type Status = i32;
/// It did what it was asked to do.
pub const OK: Status = 0;
/// It failed; the error was handed over before it returned.
pub const FAILED: Status = 1;
/// The service's code panicked; the panic was handed over as an error.
pub const PANICKED: Status = 2;

/// Takes bytes that the caller borrows out for the call: the way in which a text of unknown length comes back.
pub type WriteText = unsafe extern "C" fn(sink: *mut c_void, text: Text);
/// Takes an error that the caller borrows out for the call: how functions fail that belong to no call of the service.
pub type WriteError = unsafe extern "C" fn(sink: *mut c_void, error: *const ErrorText);
/// Takes slots that the caller borrows out for the call.
pub type WriteSlots = unsafe extern "C" fn(sink: *mut c_void, slots: *const RawSlot, count: usize);

/// Function numbers from here up name states: the function of the `in` state at this and its place among the service's
/// states. Below, they are places among its connections. Since minor version 2.
pub const FUNCTION_STATE: u32 = 0x4000_0000;
/// Function numbers from here up name the service's own functions.
pub const FUNCTION_BASE: u32 = 0x8000_0000;
/// `init`.
pub const FUNCTION_INIT: u32 = FUNCTION_BASE;
/// `main`.
pub const FUNCTION_MAIN: u32 = FUNCTION_BASE + 1;
/// `on_sigint`.
pub const FUNCTION_ON_SIGINT: u32 = FUNCTION_BASE + 2;
/// `on_sigterm`.
pub const FUNCTION_ON_SIGTERM: u32 = FUNCTION_BASE + 3;
/// Function numbers from here up name timers: this and the number that the service gave to [`HostTable::set_timer`].
pub const FUNCTION_TIMER: u32 = 0xC000_0000;
/// The largest number of a timer.
pub const LAST_TIMER: u32 = u32::MAX - FUNCTION_TIMER;

/// `setup_config`: the config as a JSON object in, the keys to overwrite as a JSON object out.
pub const SETUP_CONFIG: u32 = 0;
/// `setup_addresses`: `{"config": ..., "addresses": ...}` in, the addresses as JSON out.
pub const SETUP_ADDRESSES: u32 = 1;
/// `setup_connections`: the config in, `{name: {creation argument: value}}` out.
pub const SETUP_CONNECTIONS: u32 = 2;
/// `setup_states`: the config in, `{name: {creation argument: value}}` out. Since minor version 2.
pub const SETUP_STATES: u32 = 3;

/// An error as it crosses.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErrorText {
    /// A stable word for programs, such as `timed_out`.
    pub code: Text,
    /// A sentence for people.
    pub message: Text,
    /// The key path that it is about; empty if none.
    pub field: Text,
    /// Bit 0: the caller is at fault. Bit 1: trying again may help. Bit 2: the other side of a request answered with it.
    pub flags: u32,
}

/// [`ErrorText::flags`]: the caller is at fault.
pub const ERROR_IS_CALLERS: u32 = 1;
/// [`ErrorText::flags`]: trying again may help.
pub const ERROR_IS_RETRYABLE: u32 = 2;
/// [`ErrorText::flags`]: the other side of a request answered with this error, and the code is its own.
pub const ERROR_IS_REMOTE: u32 = 4;

/// How good a state is at the moment of the call in which it is asked. Since minor version 2.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateStatus {
    /// One of [`STATE_ABSENT`] and those after it. An `out` state is [`STATE_LIVE`] once it has a value.
    pub condition: u32,
    /// [`STATE_IS_VERIFIED`].
    pub flags: u32,
    /// The life of the owner that the value is of; 0 if it is not known.
    pub epoch: u64,
    /// The number of the last update in the value.
    pub number: u64,
    /// Nanoseconds since the owner was last heard; `u64::MAX` if it never was.
    pub age: u64,
    /// Updates that never came; a snapshot made up for them.
    pub missed: u64,
    /// Updates that were merged with others before a function saw them.
    pub merged: u64,
    /// Updates that came a second time or too late, and were ignored.
    pub ignored: u64,
    /// The keys at the top of the value.
    pub keys: u64,
}

/// [`StateStatus::condition`]: there is no value, and nobody was asked yet.
pub const STATE_ABSENT: u32 = 0;
/// [`StateStatus::condition`]: there is no value yet; it was asked for.
pub const STATE_SYNCING: u32 = 1;
/// [`StateStatus::condition`]: the value is the owner's, as far as anybody can tell.
pub const STATE_LIVE: u32 = 2;
/// [`StateStatus::condition`]: the owner has been silent for too long.
pub const STATE_STALE: u32 = 3;
/// [`StateStatus::condition`]: updates are missing, and the value is an older one until a snapshot has come.
pub const STATE_RESYNCING: u32 = 4;
/// [`StateStatus::condition`]: the owner has not answered for long; it is still asked, now and then.
pub const STATE_FAILED: u32 = 5;

/// [`StateStatus::flags`]: the owner numbers its updates in a way that shows every loss.
pub const STATE_IS_VERIFIED: u32 = 1;

/// Takes an entry of a state that the caller borrows out for the call; whether to go on with the next one.
pub type WriteEntry = unsafe extern "C" fn(sink: *mut c_void, key: *const RawSlot, value: *const RawSlot) -> bool;

/// What a service gives to the host.
#[repr(C)]
pub struct PluginTable {
    /// [`MAGIC`].
    pub magic: u64,
    /// The size of this table in bytes.
    pub size: u32,
    /// [`ABI_MAJOR`].
    pub major: u16,
    /// [`ABI_MINOR`].
    pub minor: u16,
    /// What the plugin was built with, for people.
    pub built_with: Text,
    /// Hands the service's models as JSON to `write`, once; where the status is not [`OK`], the reason instead. May run
    /// before [`PluginTable::attach`].
    pub describe: unsafe extern "C" fn(sink: *mut c_void, write: WriteText) -> Status,
    /// Tells a plugin that lives in a file of its own where its logs and panics go. Called before each run.
    pub attach: unsafe extern "C" fn(host: *const HostTable),
    /// Makes a service from its config, in the order of the config model, and puts it at `instance`.
    pub create: unsafe extern "C" fn(
        host: *const HostTable,
        run: *mut c_void,
        config: *const RawSlot,
        count: usize,
        instance: *mut *mut c_void,
    ) -> Status,
    /// Ends a service that `create` made.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// Calls a function of the service: a connection's by its place, or one of [`FUNCTION_BASE`].
    pub call: unsafe extern "C" fn(
        instance: *mut c_void,
        host: *const HostTable,
        run: *mut c_void,
        function: u32,
        arguments: *const RawSlot,
        count: usize,
    ) -> Status,
    /// Runs one of the `setup_*` functions, which have no instance yet: JSON in, JSON out through `write`.
    pub setup: unsafe extern "C" fn(
        host: *const HostTable,
        run: *mut c_void,
        hook: u32,
        input: Text,
        sink: *mut c_void,
        write: WriteText,
    ) -> Status,
    /// Makes the object to which the calls of an external target go, and puts it at `target`. Runs on the service's
    /// thread before `init`, as often as calls may be in flight. Since minor version 1.
    pub make_target: unsafe extern "C" fn(
        instance: *mut c_void,
        host: *const HostTable,
        run: *mut c_void,
        connection: u32,
        target: *mut *mut c_void,
    ) -> Status,
    /// Calls a target, which answers with [`HostTable::reply`]. Runs on any thread, one call at a time for each target;
    /// of the host's functions, those that send, wait or set timers are refused. Since minor version 1.
    pub call_target: unsafe extern "C" fn(
        target: *mut c_void,
        host: *const HostTable,
        run: *mut c_void,
        connection: u32,
        arguments: *const RawSlot,
        count: usize,
    ) -> Status,
    /// Ends a target that `make_target` made, on any thread. Since minor version 1.
    pub drop_target: unsafe extern "C" fn(target: *mut c_void, connection: u32),
}

/// What the host gives to a service. `run` is the pointer that the host handed to the call in which this is used.
#[repr(C)]
pub struct HostTable {
    /// [`MAGIC`].
    pub magic: u64,
    /// The size of this table in bytes.
    pub size: u32,
    /// [`ABI_MAJOR`].
    pub major: u16,
    /// [`ABI_MINOR`].
    pub minor: u16,
    /// Answers the request in hand: validated and copied inside the call. Once per call of a replyer's function.
    pub reply: unsafe extern "C" fn(run: *mut c_void, slots: *const RawSlot, count: usize) -> Status,
    /// Sends to an `out` connection, by its place. What comes back (a requester's reply) is handed to `write` before
    /// it returns; nothing is for connections that return nothing. A null `write` lets what comes back go.
    pub send: unsafe extern "C" fn(
        run: *mut c_void,
        connection: u32,
        slots: *const RawSlot,
        count: usize,
        sink: *mut c_void,
        write: Option<WriteSlots>,
    ) -> Status,
    /// Hands over the error with which the plugin's function is about to return.
    pub fail: unsafe extern "C" fn(run: *mut c_void, error: *const ErrorText),
    /// The error of the last host call of this run that failed; valid until the next host call.
    pub last_error: unsafe extern "C" fn(run: *mut c_void, error: *mut ErrorText),
    /// Whether the service has been asked to stop.
    pub should_stop: unsafe extern "C" fn(run: *mut c_void) -> bool,
    /// Waits; [`FAILED`] with the code `stopping` as soon as the service is asked to stop.
    pub wait: unsafe extern "C" fn(run: *mut c_void, nanoseconds: u64) -> Status,
    /// Hands the workflow id of the message in hand to `write`, as one slot; not at all if there is none.
    pub workflow_id: unsafe extern "C" fn(run: *mut c_void, sink: *mut c_void, write: Option<WriteSlots>) -> Status,
    /// Whether a log line of this level would be written: 1 error, 2 warn, 3 info, 4 debug, 5 trace.
    pub log_enabled: unsafe extern "C" fn(level: u32) -> bool,
    /// Writes a log line.
    pub log: unsafe extern "C" fn(level: u32, target: Text, message: Text, file: Text, line: u32),
    /// Lets what was sent leave now, instead of when the function returns. Since minor version 1.
    pub flush: unsafe extern "C" fn(run: *mut c_void) -> Status,
    /// Hands the counters of all connections to `write`, as JSON:
    /// `{"in": {name: {"received": 1, "sent": 1, "waiting": 1, "dropped": {reason: 1}}}, "out": {...}}`, `waiting` only
    /// where messages do. Since minor version 1.
    pub stats: unsafe extern "C" fn(run: *mut c_void, sink: *mut c_void, write: Option<WriteText>) -> Status,
    /// Calls [`FUNCTION_TIMER`]` + timer` after `first` nanoseconds and then every `period` nanoseconds, or just once if
    /// that is 0. A timer of this number that is set already is set anew. Refused in main mode. Since minor version 1.
    pub set_timer: unsafe extern "C" fn(run: *mut c_void, timer: u32, first: u64, period: u64) -> Status,
    /// Lets a timer be: it is not called any more, even if its time has come. Does nothing if it is not set. Since minor
    /// version 1.
    pub cancel_timer: unsafe extern "C" fn(run: *mut c_void, timer: u32) -> Status,
    /// Puts a handle at `sender` by which any thread, and several at once, may send at any time, until it is given to
    /// `sender_drop`. The functions that take a handle are good for as long as there is one. Since minor version 1.
    pub sender: unsafe extern "C" fn(run: *mut c_void, sender: *mut *const c_void) -> Status,
    /// Makes one more handle of this one; each is to be dropped. Since minor version 1.
    pub sender_clone: unsafe extern "C" fn(sender: *const c_void) -> *const c_void,
    /// Gives a handle back. Since minor version 1.
    pub sender_drop: unsafe extern "C" fn(sender: *const c_void),
    /// Sends as `send` does, in the order of the service, and blocks the thread until that is done; refused on the
    /// service's own thread, which would wait for itself. What comes back goes to `write` and an error to `fail`, before
    /// it returns, on the same thread and with the same `sink`. Since minor version 1.
    pub sender_send: unsafe extern "C" fn(
        sender: *const c_void,
        connection: u32,
        slots: *const RawSlot,
        count: usize,
        sink: *mut c_void,
        write: Option<WriteSlots>,
        fail: Option<WriteError>,
    ) -> Status,
    /// Whether the service of this handle has been asked to stop, or has ended. Since minor version 1.
    pub sender_should_stop: unsafe extern "C" fn(sender: *const c_void) -> bool,
    /// Waits until the publisher at this place has so many subscribers; [`FAILED`] with the code `no_peer` when the time
    /// is over, with `stopping` as soon as the service is asked to stop. Since minor version 2.
    pub wait_for_subscribers:
        unsafe extern "C" fn(run: *mut c_void, connection: u32, count: u32, nanoseconds: u64) -> Status,
    /// Changes the `out` state at this place, all or nothing, and has what changed sent as one update. Each of the
    /// `changes` is a list: the keys that lead to what is changed, and then what is put there; nil removes it. Since
    /// minor version 2.
    pub change_state:
        unsafe extern "C" fn(run: *mut c_void, state: u32, changes: *const RawSlot, count: usize) -> Status,
    /// Makes the `out` state at this place be the value of this one slot, a record or a map, and has the difference sent
    /// as one update. Since minor version 2.
    pub replace_state: unsafe extern "C" fn(run: *mut c_void, state: u32, value: *const RawSlot) -> Status,
    /// How good the state at this place is. Since minor version 2.
    pub state_status: unsafe extern "C" fn(run: *mut c_void, state: u32, status: *mut StateStatus) -> Status,
    /// Hands what the keys of `path` lead to in the state at this place to `write`, as one slot; not at all if nothing is
    /// there. Without keys, that is the whole value. Since minor version 2.
    pub state_value: unsafe extern "C" fn(
        run: *mut c_void,
        state: u32,
        path: *const RawSlot,
        count: usize,
        sink: *mut c_void,
        write: Option<WriteSlots>,
    ) -> Status,
    /// Hands the entries of the map to which the keys of `path` lead to `write`, in the order of their keys, until it
    /// says that it has enough: from the first key that is not before `from`, or, backward, from the last one that is not
    /// after it. A null `from` is before, or after, all keys. Since minor version 2.
    pub state_entries: unsafe extern "C" fn(
        run: *mut c_void,
        state: u32,
        path: *const RawSlot,
        count: usize,
        from: *const RawSlot,
        backward: bool,
        sink: *mut c_void,
        write: Option<WriteEntry>,
    ) -> Status,
}

// The tables hold function pointers and text that lives as long as the program.
#[allow(unsafe_code, reason = "the table is shared by the threads of a library")]
// SAFETY: all members are immutable and valid for the whole life of the library that they come from.
unsafe impl Sync for PluginTable {}
#[allow(unsafe_code, reason = "the table is shared by the threads of a library")]
// SAFETY: as above.
unsafe impl Sync for HostTable {}
