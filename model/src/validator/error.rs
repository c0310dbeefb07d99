//! What can be wrong with a model itself.

use crate::error::Refusal;

/// A model that cannot be used. Each names the key path of the field, such as `orders[].price`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Two fields of one record have the same name.
    #[error("`{path}`: two fields have this name")]
    DuplicateField {
        /// Where.
        path: String,
    },
    /// A field is called like the key of a marker map.
    #[error("`{path}`: this name is the key of a marker and cannot be a field's")]
    MarkerKey {
        /// Where.
        path: String,
    },
    /// No value is within the bounds.
    #[error("`{path}`: no value is from {min} to {max}")]
    EmptyRange {
        /// Where.
        path: String,
        /// The least value.
        min: String,
        /// The greatest value.
        max: String,
    },
    /// A bound of a float that is no number.
    #[error("`{path}`: a bound is not a number")]
    NanBound {
        /// Where.
        path: String,
    },
    /// An `Option` of an `Option`: nil cannot tell which of the two is nil.
    #[error("`{path}`: an Option of an Option: both would be nil on the wire, so leave one of them out")]
    OptionOfOption {
        /// Where.
        path: String,
    },
    /// An `Option` as what a key of a state holds: nil deletes the key.
    #[error("`{path}`: an Option has a key of its own in a state, where nil deletes the key: make it optional instead")]
    NilDeletes {
        /// Where.
        path: String,
    },
    /// A `OneOf` without literals.
    #[error("`{path}`: OneOf has no literals")]
    EmptyOneOf {
        /// Where.
        path: String,
    },
    /// A `OneOf` that has a literal twice.
    #[error("`{path}`: OneOf has the literal `{literal}` twice")]
    DuplicateLiteral {
        /// Where.
        path: String,
        /// The literal.
        literal: String,
    },
    /// A `OneOf` with more literals than can be told apart.
    #[error("`{path}`: OneOf has {count} literals, more than 65536")]
    TooManyLiterals {
        /// Where.
        path: String,
        /// How many it has.
        count: usize,
    },
    /// A pattern that is no regular expression.
    #[error("`{path}`: the pattern `{pattern}` is not a regular expression: {reason}")]
    BadPattern {
        /// Where.
        path: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that JSON Schema, whose patterns are ECMA-262's, cannot express.
    #[error("`{path}`: the pattern `{pattern}` has {construct}, which ECMA-262 does not have")]
    NotEcma {
        /// Where.
        path: String,
        /// The pattern.
        pattern: String,
        /// What it uses.
        construct: &'static str,
    },
    /// A default that the field's own type refuses.
    #[error("`{path}`: the default does not fit: {refusal}")]
    BadDefault {
        /// Where.
        path: String,
        /// Why.
        refusal: Refusal,
    },
}
