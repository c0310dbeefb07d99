//! The text forms of single values: numbers, times, UUIDs, bytes, and the keys of typed maps.
//!
//! Each reader gives what is wrong as the end of a sentence that the caller begins.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::schema::KeyType;
use crate::value::{Timestamp, Value};

/// Whole numbers beyond this do not survive readers that hold every number as a float.
pub(super) const EXACT_IN_FLOATS: i128 = 1 << 53;

/// Why a text is not a value of the type that was asked for.
pub(super) type Why = &'static str;

/// A whole number of at most 64 bits, signed or unsigned.
pub(super) fn int(text: &str) -> Result<Value, Why> {
    if !text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit()) {
        return Err("is not a whole number");
    }
    if let Ok(n) = text.parse::<i64>() {
        return Ok(Value::Int(n));
    }
    if text.trim_start_matches('-').is_empty() {
        return Err("is not a whole number");
    }
    text.parse::<u64>().map(Value::from).map_err(|_| "is not between -2^63 and 2^64-1")
}

/// A whole number that is written as a JSON number, in which `10`, `10.0` and `1e1` are one and the same.
pub(super) fn int_of_number(number: &str) -> Result<Value, Why> {
    match decimal(number) {
        Ok(decimal) if number.contains(['.', 'e', 'E']) && decimal.fract().is_zero() => {
            int(&decimal.trunc().to_string())
        }
        _ => int(number),
    }
}

/// A finite float.
pub(super) fn float(text: &str) -> Result<f64, Why> {
    if !is_decimal_number(text) {
        return Err("is not a number");
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => Ok(n),
        Ok(_) => Err("is greater than a 64-bit float can be"),
        Err(_) => Err("is not a number"),
    }
}

/// A decimal, every digit kept.
pub(super) fn decimal(text: &str) -> Result<Decimal, Why> {
    const TOO_LONG: Why = "does not fit the 28 digits of a Decimal";
    if !is_decimal_number(text) {
        return Err("is not a decimal number");
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let mantissa = Decimal::from_str_exact(mantissa).map_err(|_| TOO_LONG)?;
    let exponent: i64 = exponent.parse().map_err(|_| TOO_LONG)?;
    let scale = i64::from(mantissa.scale()).checked_sub(exponent).ok_or(TOO_LONG)?;
    let zeros = u32::try_from(scale.min(0).unsigned_abs()).map_err(|_| TOO_LONG)?;
    let digits = 10_i128.checked_pow(zeros).and_then(|power| mantissa.mantissa().checked_mul(power)).ok_or(TOO_LONG)?;
    let scale = u32::try_from(scale.max(0)).map_err(|_| TOO_LONG)?;
    let mut decimal = Decimal::try_from_i128_with_scale(digits, scale).map_err(|_| TOO_LONG)?;
    // A zero keeps its sign, which its digits do not carry.
    decimal.set_sign_negative(text.starts_with('-'));
    Ok(decimal)
}

/// A time in RFC 3339, in any zone.
pub(super) fn date_time(text: &str) -> Result<Timestamp, Why> {
    // Besides what RFC 3339 has, chrono takes the typographic minus.
    let time = chrono::DateTime::parse_from_rfc3339(text).ok().filter(|_| text.is_ascii());
    time.map(|time| time.to_utc().into()).ok_or("is not a time as RFC 3339 writes it")
}

/// A UUID with its hyphens.
pub(super) fn uuid(text: &str) -> Result<Uuid, Why> {
    const NO_UUID: Why = "is not a UUID with hyphens";
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(NO_UUID);
    }
    Uuid::try_parse(text).map_err(|_| NO_UUID)
}

/// Bytes in base64.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, Why> {
    BASE64_STANDARD.decode(text).map_err(|_| "is not base64 with its padding")
}

/// The key of a typed map. Texts that mean the same key give equal values.
pub(super) fn key(kind: KeyType, text: &str) -> Result<Value, Why> {
    match kind {
        KeyType::Str => Ok(Value::from(text)),
        KeyType::Int => int(text),
        KeyType::Decimal => decimal(text).map(|n| Value::Decimal(n.normalize())),
        KeyType::Uuid => uuid(text).map(Value::Uuid),
        KeyType::DateTime => date_time(text).map(Value::DateTime),
    }
}

pub(super) const DATE_TIME_EXAMPLE: &str = "write a time like `2026-01-31T09:30:00Z`";
pub(super) const UUID_EXAMPLE: &str = "write a UUID like `6f1c7a52-0f3e-4d0e-9b1a-2c3d4e5f6a7b`";

/// `[+-] digits [. digits] [e [+-] digits]`, with digits on at least one side of the point.
fn is_decimal_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(unsigned(e))));
    let mantissa = unsigned(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_good = exponent.is_none_or(|e| !e.is_empty() && digits(e));
    exponent_is_good && !(whole.is_empty() && fraction.is_empty()) && digits(whole) && digits(fraction)
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_digits_and_its_scale() {
        for text in ["0.10", "-0.00", "79228162514264337593543950335", "0.0000000000000000000000000001", "1.50"] {
            assert_eq!(decimal(text).unwrap().to_string(), text);
        }
        assert_eq!(decimal("1.50e1").unwrap().to_string(), "15.0");
        assert_eq!(decimal("15e-1").unwrap().to_string(), "1.5");
        assert_eq!(decimal("2E3").unwrap().to_string(), "2000");
    }

    #[test]
    fn a_decimal_that_would_lose_digits_is_refused() {
        for text in [
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "1e29",
            "1e-29",
            "1e99999999999999999999",
        ] {
            assert_eq!(decimal(text), Err("does not fit the 28 digits of a Decimal"), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "1_000", " 1", "1e", "0x10", "NaN", "inf", "1.2.3", "--1"] {
            assert_eq!(decimal(text), Err("is not a decimal number"), "{text}");
            assert_eq!(float(text), Err("is not a number"), "{text}");
        }
        for text in ["", "-", "+1", "1.0", "1e3", "--1", "ten"] {
            assert_eq!(int(text), Err("is not a whole number"), "{text}");
        }
        assert_eq!(float("1e400"), Err("is greater than a 64-bit float can be"));
    }

    #[test]
    fn whole_numbers_reach_from_the_least_signed_to_the_greatest_unsigned() {
        assert_eq!(int("-9223372036854775808"), Ok(Value::Int(i64::MIN)));
        assert_eq!(int("18446744073709551615"), Ok(Value::UInt(u64::MAX)));
        for text in ["18446744073709551616", "-9223372036854775809"] {
            assert_eq!(int(text), Err("is not between -2^63 and 2^64-1"));
        }
    }

    #[test]
    fn a_json_number_is_whole_however_it_is_written() {
        for (number, whole) in [("10", 10), ("10.0", 10), ("-1e1", -10), ("1.50E2", 150), ("-0.0", 0), ("0e-9", 0)] {
            assert_eq!(int_of_number(number), Ok(Value::Int(whole)), "{number}");
        }
        assert_eq!(int_of_number("18446744073709551615.0"), Ok(Value::UInt(u64::MAX)));
        for number in ["1.5", "1e-1", "1e400"] {
            assert_eq!(int_of_number(number), Err("is not a whole number"), "{number}");
        }
        assert_eq!(int_of_number("1e20"), Err("is not between -2^63 and 2^64-1"));
    }

    #[test]
    fn a_uuid_has_its_hyphens_and_nothing_more() {
        assert!(uuid("6F1C7A52-0f3e-4d0e-9b1a-2c3d4e5f6a7b").is_ok());
        for text in ["6f1c7a520f3e4d0e9b1a2c3d4e5f6a7b", "{6f1c7a52-0f3e-4d0e-9b1a-2c3d4e5f6a7b}", ""] {
            assert!(uuid(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_read_in_any_zone() {
        let time = date_time("2026-01-31T10:30:00.25+01:00").unwrap();
        assert_eq!(time, date_time("2026-01-31T09:30:00.250Z").unwrap());
        for text in ["2026-01-31", "2026-01-31T09:30:00\u{2212}01:00"] {
            assert!(date_time(text).is_err(), "{text}");
        }
    }
}
