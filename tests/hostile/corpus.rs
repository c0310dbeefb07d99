//! Messages that break a rule, each with the code of the error that its sender is to get.
//!
//! Owns the bytes. They are written by hand, since no library would write them.

/// The workflow id of every message here that has one.
pub(crate) const ID: &str = "w-1";

/// A message that breaks a rule.
pub(crate) struct Bad {
    /// What is wrong with it, for the reader of a failed test.
    pub(crate) what: String,
    pub(crate) body: Vec<u8>,
    /// The code of the error that answers it.
    pub(crate) code: &'static str,
    /// Whether its workflow id can be read.
    pub(crate) has_id: bool,
    /// The key path that the error names.
    pub(crate) field: Option<&'static str>,
}

fn bad(what: impl Into<String>, code: &'static str, body: impl Into<Vec<u8>>) -> Bad {
    Bad { what: what.into(), body: body.into(), code, has_id: false, field: None }
}

impl Bad {
    fn with_id(self) -> Self {
        Self { has_id: true, ..self }
    }

    fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A short text.
fn text(text: &str) -> Vec<u8> {
    joined(&[&[0xa0 + u8::try_from(text.len()).expect("a short text")], text.as_bytes()])
}

/// The key and value of the workflow id.
fn id() -> Vec<u8> {
    joined(&[&text("workflow_id"), &text(ID)])
}

/// A message with these arguments, as bytes, and the workflow id behind them.
fn with_arguments(arguments: &[u8]) -> Vec<u8> {
    joined(&[b"\x82\xa4args", arguments, &id()])
}

/// A message that is good but for one more argument.
fn with_argument(key: &str, value: &[u8]) -> Vec<u8> {
    with_arguments(&joined(&[b"\x82\xa4text\xa1t", &text(key), value]))
}

/// A good message.
pub(crate) fn good() -> Vec<u8> {
    let parts: [(&str, &[u8]); 4] = [
        ("text", b"\xa5hello"),
        ("count", b"\xcd\x01\x00"),
        ("price", b"\x82\xab__decimal__\xc3\xa6as_str\xa40.10"),
        ("any", b"\x93\xc0\xcb\x3f\xf0\0\0\0\0\0\0\x81\xa1k\xc4\x02\0\x01"),
    ];
    let arguments: Vec<u8> = parts.iter().flat_map(|(key, value)| joined(&[&text(key), value])).collect();
    with_arguments(&joined(&[b"\x84", &arguments]))
}

pub(crate) fn all() -> Vec<Bad> {
    let mut all = shapes();
    all.extend(types());
    all.extend(values());
    all.extend(lengths());
    all.extend(nesting());
    all.extend(duplicates());
    all
}

/// Whatever is no envelope.
fn shapes() -> Vec<Bad> {
    vec![
        bad("no byte at all", "empty", b""),
        bad("the byte that is never used", "reserved_byte", b"\xc1"),
        bad("nil", "not_a_map", b"\xc0"),
        bad("a number", "not_a_map", b"\x07"),
        bad("a text", "not_a_map", b"\xa4args"),
        bad("an array", "not_a_map", b"\x91\x80"),
        bad("a decimal", "not_a_map", b"\x82\xab__decimal__\xc3\xa6as_str\xa11"),
        bad("a map of nothing", "bad_envelope", b"\x80"),
        bad("an id alone", "bad_envelope", joined(&[b"\x81", &id()])).with_id(),
        bad("a reply instead of a request", "bad_envelope", joined(&[b"\x82\xabreturn_args\x80", &id()])).with_id(),
        bad("arguments that are nil", "bad_envelope", with_arguments(b"\xc0")).with_id(),
        bad("arguments that are a list", "bad_envelope", with_arguments(b"\x91\xa1t")).with_id(),
        bad("arguments that are a text", "bad_envelope", with_arguments(b"\xa1t")).with_id(),
        bad("a topic in front", "trailing_bytes", joined(&[b"\xa5topic", &good()])),
        bad("a second message behind", "trailing_bytes", joined(&[&good(), &good()])).with_id(),
        bad("one byte too many", "trailing_bytes", joined(&[&good(), b"\xc0"])).with_id(),
        bad("the byte that is never used as a value", "reserved_byte", with_argument("any", b"\xc1")),
        bad("the byte that is never used as a key", "reserved_byte", joined(&[b"\x83\xc1\xc0\xa4args\x80", &id()])),
        bad("text that is not UTF-8", "bad_utf8", with_arguments(b"\x81\xa4text\xa2\xff\xfe")).with_id().about("text"),
        bad("a key that is not UTF-8", "bad_utf8", with_arguments(b"\x81\xa2\xc3\x28\xc0")).with_id(),
        bad("an id that is not UTF-8", "bad_utf8", b"\x82\xa4args\x81\xa4text\xa1t\xabworkflow_id\xa1\xff"),
        bad("a surrogate as UTF-8", "bad_utf8", with_arguments(b"\x81\xa4text\xa3\xed\xa0\x80"))
            .with_id()
            .about("text"),
    ]
}

/// Arguments of other types than the model says.
fn types() -> Vec<Bad> {
    let wrong: [(&'static str, &[u8]); 14] = [
        ("flag", b"\x01"),
        ("count", b"\xc3"),
        ("count", b"\xcb\x3f\xf0\0\0\0\0\0\0"),
        ("ratio", b"\xa11"),
        ("bytes", b"\xa11"),
        ("price", b"\xa41.25"),
        ("time", b"\xa11"),
        ("id", b"\xa11"),
        ("items", b"\x81\x01\x01"),
        ("tags", b"\x91\xa1a"),
        ("pair", b"\x80"),
        ("by_name", b"\x90"),
        ("side", b"\x07"),
        ("samples", b"\x91\x01"),
    ];
    let mut bad: Vec<Bad> = wrong
        .into_iter()
        .map(|(key, value)| {
            bad(format!("`{key}` of another type"), "wrong_type", with_argument(key, value)).with_id().about(key)
        })
        .collect();
    bad.extend(within());
    bad
}

/// What is wrong further inside, and keys that are not those of the model.
fn within() -> Vec<Bad> {
    vec![
        bad("a text of another type", "wrong_type", with_arguments(b"\x81\xa4text\x07")).with_id().about("text"),
        bad("an item of another type", "wrong_type", with_argument("items", b"\x92\x01\xa1x"))
            .with_id()
            .about("items[1]"),
        bad("a nested field of another type", "wrong_type", with_argument("nested", b"\x81\xa4text\x07"))
            .with_id()
            .about("nested.text"),
        bad("a nested field that is missing", "missing_key", with_argument("nested", b"\x80"))
            .with_id()
            .about("nested.text"),
        bad("no argument at all", "missing_key", with_arguments(b"\x80")).with_id().about("text"),
        bad("an argument that the model does not have", "unknown_key", with_argument("txet", b"\x01"))
            .with_id()
            .about("txet"),
        bad("a key that is a number", "unknown_key", with_arguments(b"\x82\xa4text\xa1t\x07\x01")).with_id().about("7"),
        bad("a tuple that is too short", "bad_length", with_argument("pair", b"\x91\x01")).with_id().about("pair"),
        bad("a word that is none of the literals", "not_one_of", with_argument("side", b"\xa4hold"))
            .with_id()
            .about("side"),
        bad("a key that is no number", "bad_key", with_argument("by_id", b"\x81\xa1x\xa1y")).with_id().about("by_id"),
        bad(
            "a number beyond 64 bits with a sign",
            "out_of_range",
            with_argument("count", b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        )
        .with_id()
        .about("count"),
    ]
}

/// Values of the right type that cannot be.
fn values() -> Vec<Bad> {
    let marker = |what: &str, key, value: &[u8], code| bad(what, code, with_argument(key, value)).with_id().about(key);
    let long = joined(&[b"\x82\xab__decimal__\xc3\xa6as_str\xd9\x28", &[b'9'; 40]]);
    vec![
        marker("a decimal without its text", "price", b"\x81\xab__decimal__\xc3", "bad_marker"),
        marker("a decimal that says false", "price", b"\x82\xab__decimal__\xc2\xa6as_str\xa11", "bad_marker"),
        marker(
            "a decimal with a key too many",
            "price",
            b"\x83\xab__decimal__\xc3\xa6as_str\xa11\xa1x\xc0",
            "bad_marker",
        ),
        marker("a decimal that is no number", "price", b"\x82\xab__decimal__\xc3\xa6as_str\xa3abc", "bad_decimal"),
        marker("a decimal of 40 digits", "price", &long, "decimal_out_of_range"),
        marker(
            "a decimal that is not a number",
            "price",
            b"\x82\xab__decimal__\xc3\xa6as_str\xa3NaN",
            "decimal_out_of_range",
        ),
        marker("a UUID that is none", "id", b"\x82\xa8__uuid__\xc3\xa6as_str\xa3abc", "bad_uuid"),
        marker("a timestamp of five bytes", "time", b"\xc7\x05\xff\0\0\0\0\0", "bad_timestamp"),
        marker(
            "a timestamp of too many nanoseconds",
            "time",
            b"\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            "bad_timestamp",
        ),
        marker(
            "floats of nine bytes",
            "samples",
            b"\x82\xb1__numpy.ndarray__\xc3\xa8as_bytes\xc4\x09123456789",
            "bad_float_array",
        ),
        marker("a broken marker in anything", "any", b"\x82\xa7__set__\xc3\xa5other\x90", "bad_marker"),
        marker("a set that has an item twice", "tags", b"\x82\xa7__set__\xc3\xa5value\x92\xa1a\xa1a", "duplicate"),
    ]
}

/// Lengths that say more than there is: nothing may be allocated for them.
fn lengths() -> Vec<Bad> {
    let claims: [(&str, &[u8]); 8] = [
        ("text of 4 GiB", b"\xdb\xff\xff\xff\xff"),
        ("bytes of 4 GiB", b"\xc6\xff\xff\xff\xff"),
        ("4 billion items", b"\xdd\xff\xff\xff\xff"),
        ("4 billion pairs", b"\xdf\xff\xff\xff\xff"),
        ("an extension of 4 GiB", b"\xc9\xff\xff\xff\xff\x05"),
        ("text of 64 KiB", b"\xda\xff\xff"),
        ("65 thousand items", b"\xdc\xff\xff"),
        ("lists of 65 thousand items in each other", b"\xdc\xff\xff\xdc\xff\xff\xdc\xff\xff"),
    ];
    let within = claims.map(|(what, value)| bad(what, "length_exceeds_frame", with_argument("any", value)));
    let whole = [
        bad("a message of 4 billion keys", "length_exceeds_frame", b"\xdf\xff\xff\xff\xff"),
        bad("4 billion arguments", "length_exceeds_frame", b"\x81\xa4args\xdf\xff\xff\xff\xff"),
    ];
    within.into_iter().chain(whole).collect()
}

/// Values in values in values.
pub(crate) fn nesting() -> Vec<Bad> {
    let lists = |count: usize| joined(&[&vec![0x91; count], b"\xc0"]);
    let maps = |count: usize| joined(&[&b"\x81\xa1k".repeat(count), b"\xc0"]);
    vec![
        bad("lists a million deep", "too_deep", with_argument("any", &lists(1_000_000))).with_id(),
        bad("maps a million deep", "too_deep", with_argument("any", &maps(1_000_000))).with_id(),
        bad(
            "an id a million deep",
            "too_deep",
            joined(&[b"\x82\xa4args\x81\xa4text\xa1t\xabworkflow_id", &lists(1_000_000)]),
        ),
        bad(
            "an unknown part a million deep",
            "too_deep",
            joined(&[b"\x83\xa1x", &lists(1_000_000), b"\xa4args\x81\xa4text\xa1t", &id()]),
        ),
    ]
}

/// Messages that are refused at a place that takes megabytes to tell.
pub(crate) fn long_places() -> Vec<Bad> {
    let key = |byte: u8| joined(&[b"\xdb\0\x80\0\0", &vec![byte; 8 << 20]]);
    let nested = |value: &[u8]| joined(&[&joined(&[b"\x81", &key(b'k')]).repeat(3), value]);
    vec![
        bad("an argument with a long name", "unknown_key", with_arguments(&joined(&[b"\x81", &key(b'x'), b"\xc0"])))
            .with_id(),
        bad(
            "a wrong value under a long key",
            "wrong_type",
            with_argument("by_name", &joined(&[b"\x81", &key(b'\n'), b"\xc0"])),
        )
        .with_id(),
        bad("long keys in each other", "bad_marker", with_argument("any", &nested(b"\x81\xab__decimal__\xc3")))
            .with_id(),
        bad("a long word that is none of the literals", "not_one_of", with_argument("side", &key(b'x')))
            .with_id()
            .about("side"),
        bad(
            "a long key twice",
            "duplicate",
            with_argument("any", &joined(&[b"\x82", &key(b'x'), b"\xc0", &key(b'x'), b"\xc0"])),
        )
        .with_id(),
    ]
}

fn duplicates() -> Vec<Bad> {
    let arguments = b"\xa4args\x81\xa4text\xa1t".as_slice();
    vec![
        bad("an argument twice", "duplicate", with_arguments(b"\x82\xa4text\xa1t\xa4text\xa1u")).with_id(),
        bad("the arguments twice", "duplicate", joined(&[b"\x83", &id(), arguments, arguments])).with_id(),
        bad("the id twice", "duplicate", joined(&[b"\x83", &id(), &id(), arguments])).with_id(),
        bad("an unknown part twice", "duplicate", joined(&[b"\x84\xa1x\x01\xa1x\x02", arguments, &id()])).with_id(),
        bad("a key of a map twice", "duplicate", with_argument("by_name", b"\x82\xa1a\x01\xa1a\x02")).with_id(),
        bad("a key in anything twice", "duplicate", with_argument("any", b"\x82\x01\x01\x01\x02")).with_id(),
    ]
}
