//! Models that cannot be used.

use super::*;

#[test]
fn a_model_that_makes_no_sense_is_refused_with_its_place() {
    let refused = |kind: ArgType| Validator::new(&Record::new().required("x", kind)).unwrap_err();
    let text = |pattern: &str| ArgType::Str { length: Length::ANY, pattern: Some(pattern.into()) };
    let inner = |kind: ArgType| ArgType::list(ArgType::Record(Record::new().required("y", kind)));
    for (kind, message) in [
        (ArgType::int_range(2, 1), "`x`: no value is from 2 to 1"),
        (ArgType::Bytes(Length { min: 2, max: Some(1) }), "`x`: no value is from 2 to 1"),
        (ArgType::Float(Range { min: Some(f64::NAN), max: None }), "`x`: a bound is not a number"),
        (ArgType::one_of::<&str>([]), "`x`: OneOf has no literals"),
        (ArgType::one_of(["a", "b", "a"]), "`x`: OneOf has the literal `a` twice"),
        (inner(text("(?i)a")), "`x[].y`: the pattern `(?i)a` has flags, which ECMA-262 does not have"),
        (text("(a"), "`x`: the pattern `(a` is not a regular expression: unclosed group"),
        (
            ArgType::list(ArgType::option(ArgType::option(ArgType::int()))),
            "`x[]`: an Option of an Option: both would be nil on the wire, so leave one of them out",
        ),
        (ArgType::Tuple(vec![ArgType::Any, ArgType::one_of::<&str>([])]), "`x[1]`: OneOf has no literals"),
    ] {
        assert_eq!(refused(kind).to_string(), message);
    }
    let twice = Record::new().required("a", ArgType::Any).optional("a", ArgType::Any);
    assert!(matches!(Validator::new(&twice), Err(ModelError::DuplicateField { path }) if path == "a"));
    let marker = Record::new().required("__uuid__", ArgType::Any);
    assert!(matches!(Validator::new(&marker), Err(ModelError::MarkerKey { path }) if path == "__uuid__"));
    let default = Record::new().optional_with_default("n", ArgType::int_range(1, 6), 7_i64);
    assert_eq!(
        Validator::new(&default).unwrap_err().to_string(),
        "`n`: the default does not fit: expected 1 to 6, got 7"
    );
    let default = Record::new().optional_with_default("n", ArgType::int(), "7");
    assert!(matches!(Validator::new(&default), Err(ModelError::BadDefault { .. })));
}
