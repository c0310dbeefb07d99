//! The C header and the Rust of the ABI say the same: every constant, every tag, and each member of every struct with
//! its place and its size. A C compiler is asked what the header says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::mem::{align_of, offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use service_framework_model::slot::{Payload, Tag};
use service_framework_plugin::abi::*;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Something that both sides have a number for: how C asks for it, and what Rust says.
struct Fact {
    question: String,
    answer: i128,
}

fn fact(question: impl Into<String>, answer: i128) -> Fact {
    Fact { question: question.into(), answer }
}

/// The size and alignment of a struct, and the place and size of each of its members, which are all that it has.
macro_rules! layout {
    ($facts:ident, $rust:ty as $c:literal: $($member:ident),+) => {
        let mut end = 0;
        $(
            let (place, size) = (offset_of!($rust, $member), size_of_member(|whole: &$rust| &raw const whole.$member));
            assert_eq!(place, end, "a member before `{}` of {} is not looked at", stringify!($member), $c);
            end = place + size;
            $facts.push(fact(format!("offsetof({}, {})", $c, stringify!($member)), place as i128));
            $facts.push(fact(format!("sizeof((({} *)0)->{})", $c, stringify!($member)), size as i128));
        )+
        assert_eq!(end.next_multiple_of(align_of::<$rust>()), size_of::<$rust>(), "the last member of {}", $c);
        $facts.push(fact(format!("sizeof({})", $c), size_of::<$rust>() as i128));
        $facts.push(fact(format!("offsetof(struct {{ char first; {} second; }}, second)", $c), align_of::<$rust>() as i128));
    };
}

fn size_of_member<S, T>(_: fn(&S) -> *const T) -> usize {
    size_of::<T>()
}

/// The constants that both sides have under one name.
macro_rules! constants {
    ($($name:ident),+ $(,)?) => {
        [$((stringify!($name), i128::from($name))),+]
    };
}

const TAGS: [(Tag, &str); 19] = [
    (Tag::Absent, "ABSENT"),
    (Tag::Nil, "NIL"),
    (Tag::Bool, "BOOL"),
    (Tag::Int, "INT"),
    (Tag::UInt, "UINT"),
    (Tag::Float, "FLOAT"),
    (Tag::Str, "STR"),
    (Tag::Bytes, "BYTES"),
    (Tag::Decimal, "DECIMAL"),
    (Tag::DecimalText, "DECIMAL_TEXT"),
    (Tag::DateTime, "DATE_TIME"),
    (Tag::Uuid, "UUID"),
    (Tag::List, "LIST"),
    (Tag::Set, "SET"),
    (Tag::Map, "MAP"),
    (Tag::Record, "RECORD"),
    (Tag::OneOf, "ONE_OF"),
    (Tag::FloatArray, "FLOAT_ARRAY"),
    (Tag::Ext, "EXT"),
];

fn facts() -> Vec<Fact> {
    let mut facts = Vec::new();
    layout!(facts, Text as "sf_text_t": pointer, len);
    layout!(facts, RawSlot as "sf_slot_t": tag, detail, small, len, payload);
    layout!(facts, ErrorText as "sf_error_t": code, message, field, flags);
    layout!(facts, PluginTable as "sf_plugin_t":
        magic, size, major, minor, built_with, describe, attach, create, destroy, call, setup, make_target, call_target, drop_target);
    layout!(facts, HostTable as "sf_host_t":
        magic, size, major, minor, reply, send, fail, last_error, should_stop, wait, workflow_id, log_enabled, log, flush, stats, set_timer, cancel_timer, sender, sender_clone, sender_drop, sender_send, sender_should_stop, wait_for_subscribers, change_state, replace_state, state_status, state_value, state_entries);
    layout!(facts, StateStatus as "sf_state_status_t":
        condition, flags, epoch, number, age, missed, merged, ignored, keys);
    facts.push(fact("sizeof(sf_payload_t)", size_of::<Payload>() as i128));
    facts.push(fact("sizeof(sf_status_t)", size_of::<Status>() as i128));
    facts.push(fact("sizeof(bool)", size_of::<bool>() as i128));
    facts.extend(TAGS.map(|(tag, name)| fact(format!("SF_TAG_{name}"), tag as i128)));
    facts.extend(numbers().map(|(name, number)| fact(format!("SF_{name}"), number)));
    facts
}

fn numbers() -> impl Iterator<Item = (&'static str, i128)> {
    constants![
        MAGIC,
        ABI_MAJOR,
        ABI_MINOR,
        OK,
        FAILED,
        PANICKED,
        FUNCTION_STATE,
        FUNCTION_BASE,
        FUNCTION_INIT,
        FUNCTION_MAIN,
        FUNCTION_ON_SIGINT,
        FUNCTION_ON_SIGTERM,
        FUNCTION_TIMER,
        LAST_TIMER,
        SETUP_CONFIG,
        SETUP_ADDRESSES,
        SETUP_CONNECTIONS,
        SETUP_STATES,
        STATE_ABSENT,
        STATE_SYNCING,
        STATE_LIVE,
        STATE_STALE,
        STATE_RESYNCING,
        STATE_FAILED,
        STATE_IS_VERIFIED,
        ERROR_IS_CALLERS,
        ERROR_IS_RETRYABLE,
        ERROR_IS_REMOTE,
    ]
    .into_iter()
}

#[test]
fn a_c_compiler_reads_the_same_layout_from_the_header() {
    let facts = facts();
    let mut source = String::from("#include <stdio.h>\n#include \"service_framework.h\"\nint main(void) {\n");
    for Fact { question, .. } in &facts {
        writeln!(source, "    printf(\"%llu\\n\", (unsigned long long)({question}));").unwrap();
    }
    source.push_str("    return 0;\n}\n");
    let program = compiled("layout", &source, "cc", &["-std=c99"]);
    let said = String::from_utf8(succeeded(Command::new(program))).unwrap();
    let answers: Vec<i128> = said.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(answers.len(), facts.len());
    for (Fact { question, answer }, said) in facts.iter().zip(answers) {
        assert_eq!(said, *answer, "{question}");
    }
}

#[test]
fn every_constant_of_the_abi_is_compared() {
    let compared: BTreeSet<&str> = numbers().map(|(name, _)| name).collect();
    let abi = include_str!("../src/abi.rs");
    let declared = abi.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(": "));
    // Texts are in the names of symbols; the tests that load a plugin in C compare those.
    let declared: BTreeSet<&str> =
        declared.filter(|(_, kind)| !kind.starts_with("&str")).map(|(name, _)| name).collect();
    assert_eq!(compared, declared);
    assert_eq!(SYMBOL_PREFIX, "sf_plugin_v1__");
    assert!(header("service_framework.h").contains("sf_plugin_v1__##name(void)"));
}

#[test]
fn the_header_has_every_tag_and_no_other() {
    let slot = header("service_framework/slot.h");
    let named: Vec<&str> = slot
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SF_TAG_")?.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(named, TAGS.map(|(_, name)| name));
    for (number, (tag, _)) in TAGS.into_iter().enumerate() {
        assert_eq!(tag as usize, number, "{tag:?}");
    }
}

#[test]
fn the_header_is_clean_c_and_clean_cplusplus() {
    // Every macro that makes code is used.
    let service = r#"
        #include "service_framework.h"
        static sf_status_t describe(void *sink, sf_write_text_t write) {
            return sf_describe(sink, write, SF_JSON({"service": "clean"}));
        }
        static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count, void **instance) {
            (void)config, (void)count;
            *instance = NULL;
            SF_LOG(host, SF_LOG_DEBUG, "clean", "made with %u bytes of a table", (unsigned)host->size);
            return SF_HOST_HAS(host, log) ? SF_OK : sf_failf(host, run, "old", "%d is too old", host->minor);
        }
        static void destroy(void *instance) {
            (void)instance;
        }
        static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function, const sf_slot_t *arguments, size_t count) {
            (void)instance, (void)function, (void)arguments, (void)count;
            return sf_fail_on(host, run);
        }
        SF_SERVICE(clean, describe, create, destroy, call);
    "#;
    let warnings = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wcast-qual", "-Werror", "-pedantic"];
    let library = ["-shared", "-fPIC", "-O2"];
    for standard in ["-std=c99", "-std=c11"] {
        let more = [standard, "-Wmissing-prototypes", "-Wstrict-prototypes"];
        compiled(standard, service, "cc", &[&library[..], &warnings, &more].concat());
    }
    if !has_cplusplus() {
        return;
    }
    for standard in ["-std=c++11", "-std=c++20"] {
        compiled(standard, service, "c++", &[&library[..], &warnings, &[standard]].concat());
    }
}

/// Rust itself needs a C compiler; one for C++ may be missing, where the environment does not say that it must not.
fn has_cplusplus() -> bool {
    let found = Command::new("c++").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var_os("SF_REQUIRE_INTEROP").is_none_or(|value| value != "1"), "there is no c++");
        // Past the test harness, which shows what a test prints only if it fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no compiler for C++, so the header was compiled as C only");
    }
    found
}

fn header(name: &str) -> String {
    std::fs::read_to_string(Path::new(HERE).join("include").join(name)).unwrap()
}

/// Compiles a source, without a word from the compiler, and returns the file that came out.
#[track_caller]
fn compiled(name: &str, source: &str, compiler: &str, arguments: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (written, made) = (
        folder.join(name).with_extension(if compiler == "cc" { "c" } else { "cpp" }),
        folder.join(format!("made{name}")),
    );
    std::fs::write(&written, source).unwrap();
    let mut command = Command::new(compiler);
    command.args(arguments).arg("-I").arg(Path::new(HERE).join("include")).arg("-o").arg(&made).arg(&written);
    succeeded(command);
    made
}

#[track_caller]
fn succeeded(mut command: Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success() && stderr.is_empty(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    stdout
}
