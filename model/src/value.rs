//! A value whose type is known only at run time. Lossless: what was decoded into a [`Value`] encodes to a message
//! that every peer reads as the same value.

use rust_decimal::Decimal;
use uuid::Uuid;

/// Any value that a message can carry.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: Python's `None`.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number up to 2^63-1.
    Int(i64),
    /// A whole number above 2^63-1; smaller ones are always [`Value::Int`].
    UInt(u64),
    /// A 64-bit float.
    Float(f64),
    /// Text.
    Str(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A decimal number, its scale kept.
    Decimal(Decimal),
    /// A decimal that [`Decimal`] cannot hold as it was written (too many digits, an exponent, NaN, Infinity).
    DecimalText(String),
    /// A point in time.
    DateTime(Timestamp),
    /// A UUID.
    Uuid(Uuid),
    /// A sequence: Python's list or tuple.
    List(Vec<Value>),
    /// A set, in the order in which it was sent.
    Set(Vec<Value>),
    /// A map with keys of any type, in the order in which it was sent.
    Map(Vec<(Value, Value)>),
    /// An array of 64-bit floats.
    FloatArray(Vec<f64>),
    /// A MessagePack extension that has no meaning here: its type and its bytes.
    Ext(i8, Vec<u8>),
}

/// A point in time as MessagePack carries it: seconds since 1970 (UTC) and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds within the second, below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The time as `chrono` has it; `None` if it is out of that type's range (about 262,000 years).
    #[must_use]
    pub const fn to_chrono(self) -> Option<chrono::DateTime<chrono::Utc>> {
        chrono::DateTime::from_timestamp(self.seconds, self.nanoseconds)
    }
}

impl From<chrono::DateTime<chrono::Utc>> for Timestamp {
    fn from(time: chrono::DateTime<chrono::Utc>) -> Self {
        // chrono tells a leap second by nanoseconds beyond a second; the wire has no word for it.
        Self { seconds: time.timestamp(), nanoseconds: time.timestamp_subsec_nanos().min(999_999_999) }
    }
}

impl Value {
    /// The word of this value's type, as in models and messages.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "Bool",
            Self::Int(_) | Self::UInt(_) => "Int",
            Self::Float(_) => "Float",
            Self::Str(_) => "Str",
            Self::Bytes(_) => "Bytes",
            Self::Decimal(_) | Self::DecimalText(_) => "Decimal",
            Self::DateTime(_) => "DateTime",
            Self::Uuid(_) => "Uuid",
            Self::List(_) => "List",
            Self::Set(_) => "Set",
            Self::Map(_) => "Map",
            Self::FloatArray(_) => "FloatArray",
            Self::Ext(..) => "extension",
        }
    }

    /// A map with text keys.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(k, v)| (Self::Str(k.into()), v)).collect())
    }

    /// The value under a text key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(k, _)| matches!(k, Self::Str(k) if k == key)).map(|(_, v)| v)
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The whole number, if this is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(i128::from(*n)),
            Self::UInt(n) => Some(i128::from(*n)),
            _ => None,
        }
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        i64::try_from(n).map_or(Self::UInt(n), Self::Int)
    }
}

macro_rules! value_from {
    ($($from:ty => $to:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                $to(value)
            }
        }
    )*};
}

value_from! {
    bool => Self::Bool,
    i64 => Self::Int,
    i32 => |n| Self::Int(i64::from(n)),
    u32 => |n| Self::Int(i64::from(n)),
    f64 => Self::Float,
    String => Self::Str,
    &str => |text: &str| Self::Str(text.to_owned()),
    Decimal => Self::Decimal,
    Uuid => Self::Uuid,
    Timestamp => Self::DateTime,
    chrono::DateTime<chrono::Utc> => |time| Self::DateTime(Timestamp::from(time)),
    Vec<Value> => Self::List,
}
