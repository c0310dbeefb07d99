//! What a value of the right type may still be refused for.

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::schema::{Field, Peers, Record};
use crate::slot::Slot;
use crate::validator::Validator;
use crate::value::Value;

/// Whether a value satisfies the constraints of its field. Of a field that contradicts itself nothing is said here:
/// making the model's validator says it.
///
/// # Errors
/// The first constraint that the value does not satisfy; the path starts with the field's name.
pub fn check_field(field: &Field, value: &Value) -> Result<(), Refusal> {
    let alone = Field { required: true, default: None, ..field.clone() };
    let Ok(validator) = Validator::new(&Record::new().field(alone)) else { return Ok(()) };
    let arena = Arena::new();
    let slots = [value.to_slot(&arena)];
    validator.encode(Slot::as_foreign(&slots), Peers::Own, &mut Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ArgType, KeyType, Length, Range};

    fn refusal(kind: ArgType, value: impl Into<Value>) -> Option<String> {
        let field = Field { name: "x".into(), kind, required: false, default: None };
        check_field(&field, &value.into()).err().map(|refusal| refusal.path())
    }

    #[test]
    fn each_kind_of_constraint_refuses_what_is_outside_of_it() {
        let range = ArgType::int_range(1, 9);
        assert_eq!(refusal(range.clone(), 9_i64), None);
        assert_eq!(refusal(range.clone(), 10_i64).unwrap(), "x");
        assert_eq!(refusal(ArgType::list(range), vec![Value::Int(1), Value::Int(0)]).unwrap(), "x[1]");
        let code = ArgType::Str { length: Length { min: 0, max: Some(3) }, pattern: Some("[A-Z]+".into()) };
        assert_eq!(refusal(code.clone(), "ABC"), None);
        assert_eq!(refusal(code.clone(), "ABCD").unwrap(), "x");
        assert_eq!(refusal(code, "abc").unwrap(), "x");
        let price = ArgType::Decimal(Range { min: Some(rust_decimal::Decimal::ONE), max: None });
        let key = Value::Decimal("1.5".parse().unwrap());
        let levels = Value::Map(vec![(key, Value::Decimal("0.5".parse().unwrap()))]);
        assert_eq!(refusal(ArgType::map(KeyType::Decimal, price), levels).unwrap(), "x.1.5");
    }
}
