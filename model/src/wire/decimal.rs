//! The text of decimals: what Python's `Decimal` writes and reads, and what of it a [`Decimal`] holds.
//!
//! Owns the grammar (no white space and no underscores, which Python would accept), the scientific notation, and a short
//! way for the decimals of every day; digits of any other are read by `rust_decimal`. It never rounds.

use rust_decimal::Decimal;

use crate::error::{Code, Refusal};
use crate::wire::{shown, utf8};

/// Reads a decimal; what a [`Decimal`] cannot hold exactly, with its scale, is refused.
pub(crate) fn parse(text: &str) -> Result<Decimal, Refusal> {
    if let Some(decimal) = plain(text) { Ok(decimal) } else { parse_rare(text) }
}

/// As [`parse`], of text that may not be UTF-8.
#[inline]
pub(crate) fn parse_bytes(text: &[u8]) -> Result<Decimal, Refusal> {
    match usual(text) {
        Some(decimal) => Ok(decimal),
        None => parse(utf8(text)?),
    }
}

/// The most digits of which any number fits 64 bits.
const USUAL: usize = 19;

/// Reads digits, with a point between two of them or none, and with a minus or no sign; `None` for everything else. It
/// saves a tenth of the time in which a small message is read.
#[inline]
fn usual(text: &[u8]) -> Option<Decimal> {
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    let (mut mantissa, mut point) = (0_u64, None);
    if digits.len() > USUAL || !digits.first()?.is_ascii_digit() || !digits.last()?.is_ascii_digit() {
        return None;
    }
    for (place, byte) in digits.iter().enumerate() {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => mantissa = mantissa * 10 + u64::from(digit),
            _ if *byte == b'.' && point.is_none() => point = Some(place),
            _ => return None,
        }
    }
    if is_negative && mantissa == 0 {
        // Whether that has a sign is not decided here.
        return None;
    }
    let scale = point.map_or(0, |place| digits.len() - place - 1);
    Some(Decimal::from_parts(mantissa as u32, (mantissa >> 32) as u32, 0, is_negative, scale as u32))
}

/// Reads digits with a point; `None` for everything else.
#[inline]
fn plain(text: &str) -> Option<Decimal> {
    // rust_decimal takes underscores between digits.
    if text.as_bytes().contains(&b'_') { None } else { Decimal::from_str_exact(text).ok() }
}

#[cold]
fn parse_rare(text: &str) -> Result<Decimal, Refusal> {
    if !is_decimal(text) {
        return Err(Refusal::new(Code::BadDecimal, format!("`{}` is not a decimal number", shown(text))));
    }
    scientific(text).ok_or_else(|| {
        let detail = format!("`{}` does not fit a decimal of 28 digits", shown(text));
        Refusal::new(Code::DecimalOutOfRange, detail)
    })
}

/// Whether the text is one that Python's `Decimal` writes or reads, white space and underscores aside.
pub(crate) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let without = |word: &str| {
        let head = unsigned.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| unsigned.get(word.len()..)).flatten()
    };
    if let Some(payload) = without("snan").or_else(|| without("nan")) {
        return all_digits(payload);
    }
    if without("infinity").or_else(|| without("inf")).is_some_and(str::is_empty) {
        return true;
    }
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    all_digits(whole)
        && all_digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
}

/// Reads a number with an exponent; `None` if it does not fit.
fn scientific(text: &str) -> Option<Decimal> {
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let number = plain(number)?;
    let exponent: i64 = exponent.parse().ok()?;
    let scale = i64::from(number.scale()).checked_sub(exponent)?;
    if number.is_zero() && scale < 0 {
        return Some(number.trunc());
    }
    let shift = u32::try_from(scale.min(0).unsigned_abs()).ok()?;
    let mantissa = number.mantissa().checked_mul(10_i128.checked_pow(shift)?)?;
    let scale = u32::try_from(scale.max(0)).ok()?;
    let mut decimal = Decimal::try_from_i128_with_scale(mantissa, scale).ok()?;
    decimal.set_sign_negative(number.is_sign_negative());
    Some(decimal)
}

/// The decimal that reads back as exactly this text; `None` if no [`Decimal`] does.
pub(crate) fn parse_lossless(text: &str) -> Option<Decimal> {
    let decimal = plain(text)?;
    (Digits::of(decimal).as_bytes() == text.as_bytes()).then_some(decimal)
}

/// The most bytes of a decimal's text: a sign, a point and 29 digits.
pub(crate) const LONGEST: usize = 31;

/// The text of a decimal, with its scale: what `Display` writes, without the formatting machinery, which takes more
/// time than all the rest of a small message.
pub(crate) struct Digits {
    bytes: [u8; LONGEST],
    start: usize,
}

impl Digits {
    #[inline]
    pub(crate) fn of(decimal: Decimal) -> Self {
        let mut digits = Self { bytes: [b'0'; LONGEST], start: LONGEST };
        let mut fraction = decimal.scale();
        let mut mantissa = decimal.mantissa().unsigned_abs();
        // Division of 128 bits is slow, and seldom needed.
        while mantissa > u128::from(u64::MAX) {
            digits.prepend((mantissa % 10) as u8, &mut fraction);
            mantissa /= 10;
        }
        let mut mantissa = mantissa as u64;
        while mantissa > 0 {
            digits.prepend((mantissa % 10) as u8, &mut fraction);
            mantissa /= 10;
        }
        while fraction > 0 {
            digits.prepend(0, &mut fraction);
        }
        if digits.bytes.get(digits.start).is_none_or(|first| *first == b'.') {
            digits.put(b'0');
        }
        if decimal.is_sign_negative() {
            digits.put(b'-');
        }
        digits
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// One digit more; the point before it if it is the last one of the fraction.
    #[inline]
    fn prepend(&mut self, digit: u8, fraction: &mut u32) {
        self.put(b'0' + digit);
        if *fraction > 0 {
            *fraction -= 1;
            if *fraction == 0 {
                self.put(b'.');
            }
        }
    }

    #[inline]
    fn put(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<String, Code> {
        parse(text).map(|decimal| decimal.to_string()).map_err(|refusal| refusal.code())
    }

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        let texts =
            ["0", "-0", "-0.00", "0.10", "-64235.17", "9999999999999999999", "-999999999999999999.9", "007", "1.2.3"];
        for text in texts
            .into_iter()
            .chain(["", "-", ".", "-.", ".5", "5.", "+5", "1e5", "1_0", "1:0", "1/0", "--1", "\u{660}"])
        {
            let long = parse(text).map_err(|refusal| refusal.code());
            let short = parse_bytes(text.as_bytes()).map_err(|refusal| refusal.code());
            assert_eq!(short.map(|read| read.serialize()), long.map(|read| read.serialize()), "{text}");
        }
    }

    #[test]
    fn what_fits_is_read_with_its_scale() {
        for (text, read) in [
            ("0.10", "0.10"),
            ("-64235.17", "-64235.17"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1E-28", "0.0000000000000000000000000001"),
            ("0E-7", "0.0000000"),
            ("1.5e+3", "1500"),
            ("-2.50E1", "-25.0"),
            ("0E+100", "0"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ] {
            assert_eq!(verdict(text), Ok(read.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_from_what_is_no_number() {
        for text in ["NaN", "sNaN", "-nan12", "Infinity", "-INF", "1E-29", "1E29", "79228162514264337593543950336"]
            .into_iter()
            .chain(["1.00000000000000000000000000001", "1.00000000000000000000000000001E2", "1E99999999999999999999"])
        {
            assert_eq!(verdict(text), Err(Code::DecimalOutOfRange), "{text}");
        }
        for text in
            ["", "-", ".", "e5", "1e", "1e+", " 1", "1_000", "1,5", "--1", "+-1", "infinit", "nanx", "0x1", "1.2.3"]
        {
            assert_eq!(verdict(text), Err(Code::BadDecimal), "{text}");
        }
    }

    #[test]
    fn a_decimal_is_written_as_it_is_displayed() {
        let largest = 79_228_162_514_264_337_593_543_950_335_i128;
        for mantissa in [0, 1, 9, 10, 6_423_517, i128::from(u64::MAX), i128::from(u64::MAX) + 1, largest] {
            for scale in 0..=28 {
                for mantissa in [mantissa, -mantissa] {
                    let decimal = Decimal::from_i128_with_scale(mantissa, scale);
                    assert_eq!(Digits::of(decimal).as_bytes(), decimal.to_string().as_bytes());
                }
            }
        }
        let mut minus_zero = Decimal::new(0, 2);
        minus_zero.set_sign_negative(true);
        assert_eq!(Digits::of(minus_zero).as_bytes(), minus_zero.to_string().as_bytes());
    }

    #[test]
    fn only_text_that_would_be_written_again_is_lossless() {
        for text in ["0.10", "5", "0.0000000000000000000000000001"] {
            assert_eq!(parse_lossless(text).map(|decimal| decimal.to_string()).as_deref(), Some(text));
        }
        for text in ["+5", ".5", "5.", "1E-28", "007", "NaN", "1_0"] {
            assert_eq!(parse_lossless(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_leads_nowhere_else(text in "-?[0-9]{0,24}[.:/]?[0-9]{0,24}") {
            let long = parse(&text).map(|read| read.serialize()).ok();
            proptest::prop_assert_eq!(parse_bytes(text.as_bytes()).map(|read| read.serialize()).ok(), long);
        }
    }
}
