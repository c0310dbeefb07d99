//! Values without parts.

use super::*;

#[test]
fn a_bool_is_nothing_but_a_bool() {
    takes(&ArgType::Bool, [Value::Bool(true), Value::Bool(false)]);
    refuses(&ArgType::Bool, Code::WrongType, [Value::Int(1), Value::Nil, Value::from("true")]);
}

#[test]
fn an_int_has_64_bits_and_no_other_type() {
    takes(&ArgType::int(), [Value::Int(i64::MIN), Value::Int(0), Value::UInt(u64::MAX)]);
    refuses(&ArgType::int(), Code::WrongType, [Value::Bool(true), Value::Float(1.0), Value::from("1")]);
    let small = ArgType::int_range(1, 6);
    takes(&small, [Value::Int(1), Value::Int(6)]);
    refuses(&small, Code::OutOfRange, [Value::Int(0), Value::Int(7), Value::UInt(u64::MAX)]);
    for bytes in [&b"\x05"[..], b"\xcc\x05", b"\xcd\0\x05", b"\xce\0\0\0\x05", b"\xcf\0\0\0\0\0\0\0\x05"]
        .into_iter()
        .chain([&b"\xd0\x05"[..], b"\xd1\0\x05", b"\xd2\0\0\0\x05", b"\xd3\0\0\0\0\0\0\0\x05"])
    {
        assert_eq!(read_bytes(&small, bytes), Ok(Value::Int(5)));
    }
}

#[test]
fn a_float_takes_whole_numbers_as_long_as_they_are_exact() {
    takes(&ArgType::float(), [Value::Float(0.1), Value::Float(f64::INFINITY), Value::Float(-0.0)]);
    refuses(&ArgType::float(), Code::WrongType, [Value::Bool(true), decimal("1.5")]);
    refuses(&ArgType::float(), Code::OutOfRange, [Value::Int((1 << 53) + 1), Value::UInt(u64::MAX)]);
    assert_eq!(read_value(&ArgType::float(), &Value::Int(-(1 << 53))), Ok(Value::Float(-9_007_199_254_740_992.0)));
    assert_eq!(written(&ArgType::float(), &Value::Int(3), Peers::Any), Ok(wire(&Value::Float(3.0))));
    assert_eq!(read_bytes(&ArgType::float(), b"\xca\x3f\x80\0\0"), Ok(Value::Float(1.0)));
    let bounded = ArgType::Float(Range { min: Some(0.0), max: None });
    refuses(&bounded, Code::OutOfRange, [Value::Float(-0.1), Value::Float(f64::NAN)]);
}

#[test]
fn text_is_counted_in_characters_and_matched_as_a_whole() {
    takes(&ArgType::str(), [Value::from(""), Value::from("caf\u{e9}")]);
    refuses(&ArgType::str(), Code::WrongType, [Value::Bytes(b"x".to_vec()), Value::Int(1)]);
    let short = ArgType::Str { length: Length { min: 2, max: Some(3) }, pattern: None };
    takes(&short, [Value::from("\u{e9}\u{e9}"), Value::from("\u{e9}\u{e9}\u{e9}")]);
    refuses(&short, Code::BadLength, [Value::from("\u{e9}"), Value::from("abcd")]);
    let pair = ArgType::Str { length: Length::ANY, pattern: Some("[A-Z]{3}-[A-Z]{3}".into()) };
    takes(&pair, [Value::from("BTC-USD")]);
    refuses(&pair, Code::NoMatch, [Value::from("BTC-USDT"), Value::from("xBTC-USD"), Value::from("BTC-USD\n")]);
}

#[test]
fn bytes_are_not_text() {
    let two = ArgType::Bytes(Length { min: 0, max: Some(2) });
    takes(&two, [Value::Bytes(vec![]), Value::Bytes(vec![0, 255])]);
    refuses(&two, Code::WrongType, [Value::from("ab")]);
    refuses(&two, Code::BadLength, [Value::Bytes(vec![0; 3])]);
}

#[test]
fn a_decimal_keeps_its_scale_and_must_fit() {
    takes(&ArgType::decimal(), [decimal("0.10"), decimal("-64235.17"), decimal("79228162514264337593543950335")]);
    refuses(&ArgType::decimal(), Code::WrongType, [Value::Float(1.5), Value::from("1.5"), Value::Uuid(Uuid::nil())]);
    for text in ["NaN", "Infinity", "1E-29", "123456789012345678901234567890.123456789"] {
        refuses(&ArgType::decimal(), Code::DecimalOutOfRange, [Value::DecimalText(text.into())]);
    }
    for text in [" 1_000.5 ", "", "1,5"] {
        refuses(&ArgType::decimal(), Code::BadDecimal, [Value::DecimalText(text.into())]);
    }
    assert_eq!(
        read_value(&ArgType::decimal(), &Value::DecimalText("1E-28".into())),
        Ok(decimal(&format!("0.{:0>28}", 1)))
    );
    let positive = ArgType::Decimal(Range { min: Some(Decimal::ZERO), max: Some(Decimal::TEN) });
    takes(&positive, [decimal("0.00"), decimal("10.0")]);
    refuses(&positive, Code::OutOfRange, [decimal("-0.01"), decimal("10.01")]);
}

#[test]
fn a_time_is_what_chrono_can_hold() {
    let latest = Timestamp { seconds: 8_210_266_876_799, nanoseconds: 999_999_999 };
    takes(&ArgType::DateTime, [Value::DateTime(SECOND), Value::DateTime(latest)]);
    let later = Timestamp { seconds: latest.seconds + 1, nanoseconds: 0 };
    refuses(&ArgType::DateTime, Code::OutOfRange, [Value::DateTime(later)]);
    refuses(&ArgType::DateTime, Code::WrongType, [Value::Int(1), Value::from("2024-01-01"), Value::Ext(5, vec![0])]);
}

#[test]
fn a_uuid_and_a_float_array_are_their_markers() {
    takes(&ArgType::Uuid, [Value::Uuid(Uuid::from_u128(7))]);
    refuses(&ArgType::Uuid, Code::WrongType, [Value::from("00000000-0000-0000-0000-000000000007"), decimal("1")]);
    let floats = ArgType::FloatArray(Length { min: 1, max: Some(2) });
    takes(&floats, [Value::FloatArray(vec![1.5]), Value::FloatArray(vec![0.0, f64::MAX])]);
    refuses(&floats, Code::BadLength, [Value::FloatArray(vec![]), Value::FloatArray(vec![0.0; 3])]);
    refuses(&floats, Code::WrongType, [list([Value::Float(1.0)])]);
}
