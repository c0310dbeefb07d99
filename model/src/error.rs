//! Why a message or value was refused: a stable code for programs, the place, and a sentence for people.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// The stable words for what can be wrong with a message or a value. They appear on the wire, in logs and in
        /// counters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word of this code.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// A frame without a byte.
    Empty = "empty",
    /// The frame ends inside a value.
    Truncated = "truncated",
    /// Bytes follow the value.
    TrailingBytes = "trailing_bytes",
    /// The byte 0xc1, which MessagePack never uses.
    ReservedByte = "reserved_byte",
    /// A length says more than the frame holds.
    LengthExceedsFrame = "length_exceeds_frame",
    /// Text that is not UTF-8.
    BadUtf8 = "bad_utf8",
    /// Nesting past the limit.
    TooDeep = "too_deep",
    /// A message over the size that the connection allows.
    TooLarge = "too_large",
    /// A key twice in one map, or an item twice in one set.
    Duplicate = "duplicate",
    /// A map with a marker key (`__decimal__`, `__set__`, ...) that is not such a marker.
    BadMarker = "bad_marker",
    /// The text of a Decimal is not a decimal number.
    BadDecimal = "bad_decimal",
    /// A decimal that does not fit 28 digits, or is not a number.
    DecimalOutOfRange = "decimal_out_of_range",
    /// The text of a Uuid is not a UUID.
    BadUuid = "bad_uuid",
    /// A timestamp of a wrong length or with more than a second of nanoseconds.
    BadTimestamp = "bad_timestamp",
    /// A float array whose bytes are not a multiple of 8.
    BadFloatArray = "bad_float_array",
    /// The message is not a map.
    NotAMap = "not_a_map",
    /// The message has no `args` or `return_args`, or they are not a map.
    BadEnvelope = "bad_envelope",
    /// A request without the empty frame that leads to its body.
    BadFraming = "bad_framing",
    /// A message of more than one frame.
    ExtraFrames = "extra_frames",
    /// A publication of another topic than the one that was subscribed to.
    OtherTopic = "other_topic",
    /// A value of another type than the model says.
    WrongType = "wrong_type",
    /// A required key is not there.
    MissingKey = "missing_key",
    /// A key that the model does not have.
    UnknownKey = "unknown_key",
    /// A number out of its range.
    OutOfRange = "out_of_range",
    /// Text, bytes or a collection too short or too long.
    BadLength = "bad_length",
    /// Text that does not match its pattern.
    NoMatch = "no_match",
    /// Text that is not one of the literals.
    NotOneOf = "not_one_of",
    /// A map key that cannot be read as its type.
    BadKey = "bad_key",
    /// Something that the Python library could not read, on a connection that may have it as its peer.
    NotForOldPeers = "not_for_old_peers",
    /// A workflow id that cannot be carried on.
    BadWorkflowId = "bad_workflow_id",
    /// What a service handed over the boundary is not what its tags say.
    BadSlot = "bad_slot",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The most steps of a key path that are told: the sender of a message decides how many there are.
const MOST_STEPS: usize = 16;

/// One step of a key path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a record or map.
    Key(String),
    /// An item of a list, set or tuple.
    Index(usize),
}

/// A message or value that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: Code,
    detail: String,
    /// Innermost step first: it grows while the error goes up.
    path: Vec<Step>,
}

impl Refusal {
    /// A refusal at the value in hand; `detail` says what was expected and what came.
    #[cold]
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, detail: detail.into(), path: Vec::new() }))
    }

    /// The same refusal, seen from the value that holds the one in hand under `key`. Of a long key only the beginning
    /// is kept: it may be a peer's.
    #[must_use]
    pub fn under_key(mut self, key: &str) -> Self {
        self.0.path.push(Step::Key(shown(key)));
        self
    }

    /// The same refusal, seen from the sequence that holds the value in hand at `index`.
    #[must_use]
    pub fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.0.code
    }

    /// What was expected and what came.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The steps from the outermost value to the one refused.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.0.path.iter().rev()
    }

    /// The key path, such as `orders[3].price`; empty if the whole value was refused. Of a long path only the outermost
    /// steps are told, with `...` behind them.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps().take(MOST_STEPS) {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        if self.0.path.len() > MOST_STEPS {
            path.push_str("...");
        }
        path
    }
}

/// Text of a peer as a message to people shows it: without control characters, and not at any length.
#[cold]
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 64;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push_str("...");
    }
    shown
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if path.is_empty() { write!(f, "{}", self.0.detail) } else { write!(f, "`{path}`: {}", self.0.detail) }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_reads_from_the_outside_in() {
        let refusal =
            Refusal::new(Code::WrongType, "expected Int, got Str").under_key("price").at_index(3).under_key("orders");
        assert_eq!(refusal.to_string(), "`orders[3].price`: expected Int, got Str");
    }

    #[test]
    fn a_path_is_short_whoever_made_it_long() {
        let refusal = |key: &str, steps: usize| {
            (0..steps).fold(Refusal::new(Code::TooDeep, "too deep"), |refusal, _| refusal.under_key(key))
        };
        assert_eq!(refusal("k", 16).path(), ["k"; 16].join("."));
        assert_eq!(refusal("k", 17).path(), ["k"; 16].join(".") + "...");
        assert_eq!(refusal(&"x".repeat(1 << 20), 1).path(), "x".repeat(64) + "...");
        assert_eq!(refusal("\n\u{1b}", 1).path(), "\\n\\u{1b}");
        assert!(refusal(&"x".repeat(1 << 10), 1_000).to_string().len() < 2_000);
    }

    #[test]
    fn every_code_has_a_word_of_its_own() {
        let words: std::collections::HashSet<_> = Code::ALL.iter().map(|c| c.word()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
