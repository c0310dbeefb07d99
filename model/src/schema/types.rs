//! Argument types with their constraints, and records of named fields: what a value may be.

use crate::value::Value;

/// Inclusive bounds on a length: characters of a `Str`, bytes of `Bytes`, items of anything that has items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    /// The least length, none if 0.
    pub min: u32,
    /// The greatest length, `None` for no bound.
    pub max: Option<u32>,
}

impl Length {
    /// No bound at all.
    pub const ANY: Self = Self { min: 0, max: None };

    /// Whether `n` is within the bounds.
    #[must_use]
    pub fn admits(&self, n: usize) -> bool {
        n >= self.min as usize && self.max.is_none_or(|max| n <= max as usize)
    }
}

/// Inclusive bounds on a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<T> {
    /// The least value, `None` for no bound.
    pub min: Option<T>,
    /// The greatest value, `None` for no bound.
    pub max: Option<T>,
}

impl<T: PartialOrd> Range<T> {
    /// No bound at all.
    pub const ANY: Self = Self { min: None, max: None };

    /// Whether `value` is within the bounds. A value that cannot be compared (NaN) is outside of any bound.
    pub fn admits(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| value >= min) && self.max.as_ref().is_none_or(|max| value <= max)
    }
}

/// The type of one argument, with its constraints.
///
/// The words are the same in the builder, in the JSON that `describe` prints and in error messages.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgType {
    /// `true` or `false`.
    Bool,
    /// A whole number from -2^63 to 2^64-1.
    Int(Range<i128>),
    /// A 64-bit float. A whole number of at most 2^53 is accepted for it.
    Float(Range<f64>),
    /// UTF-8 text.
    Str {
        /// Length in characters.
        length: Length,
        /// A regular expression that the whole text must match: what the `regex` crate and ECMA-262 have in common,
        /// `\d`, `\w` and `\b` being of ASCII.
        pattern: Option<String>,
    },
    /// Raw bytes.
    Bytes(Length),
    /// A decimal number of up to 28 digits, its scale kept.
    Decimal(Range<rust_decimal::Decimal>),
    /// A point in time, UTC, to the nanosecond.
    DateTime,
    /// A UUID.
    Uuid,
    /// A sequence of values of one type.
    List(Box<ArgType>, Length),
    /// A set of values of one type, without duplicates.
    Set(Box<ArgType>, Length),
    /// A fixed sequence of values, each with a type of its own.
    Tuple(Vec<ArgType>),
    /// A map with typed keys and values.
    Map(KeyType, Box<ArgType>, Length),
    /// A nested record.
    Record(Record),
    /// One of a set of literal texts.
    OneOf(Vec<String>),
    /// An array of 64-bit floats in one block of bytes.
    FloatArray(Length),
    /// A value or nil.
    Option(Box<ArgType>),
    /// Any value at all, checked only for being well formed.
    Any,
}

impl ArgType {
    /// A whole number, unbounded within 64 bits.
    #[must_use]
    pub const fn int() -> Self {
        Self::Int(Range::ANY)
    }

    /// A whole number from `min` to `max`, inclusive.
    #[must_use]
    pub const fn int_range(min: i128, max: i128) -> Self {
        Self::Int(Range { min: Some(min), max: Some(max) })
    }

    /// A float without bounds.
    #[must_use]
    pub const fn float() -> Self {
        Self::Float(Range::ANY)
    }

    /// Text of any length.
    #[must_use]
    pub const fn str() -> Self {
        Self::Str { length: Length::ANY, pattern: None }
    }

    /// Bytes of any length.
    #[must_use]
    pub const fn bytes() -> Self {
        Self::Bytes(Length::ANY)
    }

    /// A decimal without bounds.
    #[must_use]
    pub const fn decimal() -> Self {
        Self::Decimal(Range::ANY)
    }

    /// A list of any length.
    #[must_use]
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item), Length::ANY)
    }

    /// A set of any size.
    #[must_use]
    pub fn set(item: Self) -> Self {
        Self::Set(Box::new(item), Length::ANY)
    }

    /// A map of any size.
    #[must_use]
    pub fn map(key: KeyType, value: Self) -> Self {
        Self::Map(key, Box::new(value), Length::ANY)
    }

    /// One of these literals.
    #[must_use]
    pub fn one_of<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::OneOf(values.into_iter().map(Into::into).collect())
    }

    /// The same type, or nil.
    #[must_use]
    pub fn option(of: Self) -> Self {
        Self::Option(Box::new(of))
    }

    /// The word of this type, as in models, JSON and messages.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Bool => "Bool",
            Self::Int(_) => "Int",
            Self::Float(_) => "Float",
            Self::Str { .. } => "Str",
            Self::Bytes(_) => "Bytes",
            Self::Decimal(_) => "Decimal",
            Self::DateTime => "DateTime",
            Self::Uuid => "Uuid",
            Self::List(..) => "List",
            Self::Set(..) => "Set",
            Self::Tuple(_) => "Tuple",
            Self::Map(..) => "Map",
            Self::Record(_) => "Record",
            Self::OneOf(_) => "OneOf",
            Self::FloatArray(_) => "FloatArray",
            Self::Option(_) => "Option",
            Self::Any => "Any",
        }
    }
}

/// The type of a map's keys. All but `Str` are written as canonical text on the wire and read back typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Text.
    Str,
    /// A whole number, as decimal digits.
    Int,
    /// A decimal, normalised, so that 1.0 and 1.00 are one key.
    Decimal,
    /// A UUID, lower case with hyphens.
    Uuid,
    /// A time, RFC 3339 in UTC.
    DateTime,
}

impl KeyType {
    /// Every key type.
    pub const ALL: [Self; 5] = [Self::Str, Self::Int, Self::Decimal, Self::Uuid, Self::DateTime];

    /// The word of this type, as in models, JSON and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Str => "Str",
            Self::Int => "Int",
            Self::Decimal => "Decimal",
            Self::Uuid => "Uuid",
            Self::DateTime => "DateTime",
        }
    }
}

/// One named field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name: the key on the wire, in config files and in messages.
    pub name: String,
    /// Its type.
    pub kind: ArgType,
    /// Whether a value must be there.
    pub required: bool,
    /// What an absent optional field is read as.
    pub default: Option<Value>,
}

/// A set of named fields: the arguments of a message, its return arguments, a config, a nested value.
///
/// The fields are kept required first, then optional, each in the order of declaration: that is the order of
/// the slots in which a record's values are handed over. An `open` record has one slot more at the end, a map
/// of the keys that it does not name (absent if there are none).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    fields: Vec<Field>,
    open: bool,
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub const fn new() -> Self {
        Self { fields: Vec::new(), open: false }
    }

    /// Adds a field that must be there.
    #[must_use]
    pub fn required(self, name: impl Into<String>, kind: ArgType) -> Self {
        self.field(Field { name: name.into(), kind, required: true, default: None })
    }

    /// Adds a field that may be left out.
    #[must_use]
    pub fn optional(self, name: impl Into<String>, kind: ArgType) -> Self {
        self.field(Field { name: name.into(), kind, required: false, default: None })
    }

    /// Adds a field that is read as `default` where it is left out.
    #[must_use]
    pub fn optional_with_default(self, name: impl Into<String>, kind: ArgType, default: impl Into<Value>) -> Self {
        self.field(Field { name: name.into(), kind, required: false, default: Some(default.into()) })
    }

    /// Accepts keys that are not named, whatever their values.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Adds a field where it belongs: required ones first.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        let at = if field.required { self.fields.iter().take_while(|f| f.required).count() } else { self.fields.len() };
        self.fields.insert(at, field);
        self
    }

    /// The fields in slot order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether unnamed keys are accepted.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// How many slots a value of this record takes.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.fields.len() + usize::from(self.open)
    }
}
