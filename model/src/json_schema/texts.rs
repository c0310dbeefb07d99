//! Patterns for what JSON writes as text: times, UUIDs, bytes, decimals, and whole numbers by their range.
//!
//! Owns that these patterns say what `json` reads, as far as a pattern can. Digits are `[0-9]`, because `\d` is more
//! than that to some validators.

/// What `chrono` reads as RFC 3339: days by their month, leap years told from others, leap seconds anywhere.
pub(super) const DATE_TIME: &str = concat!(
    r"^(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))",
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)",
    r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?",
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$",
);

/// A UUID with its hyphens.
pub(super) const UUID: &str = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

/// Base64 with its padding, the bits that carry nothing being 0.
pub(super) const BASE64: &str = "^(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=|[0-9A-Za-z+/][AQgw]==)?$";

/// A decimal number whose sign is what this pattern matches.
fn decimal_with_sign(sign: &str) -> String {
    format!(r"^{sign}(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$")
}

/// A decimal number.
pub(super) fn decimal() -> String {
    decimal_with_sign("[+-]?")
}

/// A decimal number of at least 0; so is a zero with a minus.
pub(super) fn decimal_not_negative() -> String {
    r"^(?:[+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)|-(?:0+\.?0*|\.0+))(?:[eE][+-]?[0-9]+)?$".to_owned()
}

/// The whole numbers of two ranges of magnitudes, those behind a minus and those without one, zeros in front allowed;
/// `None` if there are none.
pub(super) fn whole_numbers(negative: (u128, u128), positive: (u128, u128)) -> Option<String> {
    let signed = |sign: &str, (least, greatest): (u128, u128)| {
        (least <= greatest).then(|| format!("{sign}0*(?:{})", magnitudes(least, greatest)))
    };
    let parts: Vec<_> = [signed("-", negative), signed("", positive)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("^(?:{})$", parts.join("|")))
}

/// The numbers of a range, without zeros in front.
fn magnitudes(least: u128, greatest: u128) -> String {
    let mut parts = Vec::new();
    let mut from = least;
    while from <= greatest {
        // Lengths that are there from their first number to their last are said together.
        let mut to = greatest.min(last_of_its_length(from));
        let fewest = from.to_string().len() - 1;
        if from == last_of_its_length(from) / 10 + 1 {
            while last_of_its_length(to + 1) <= greatest {
                to = last_of_its_length(to + 1);
            }
        }
        let most = to.to_string().len() - 1;
        parts.push(if most > fewest {
            format!("[1-9][0-9]{{{fewest},{most}}}")
        } else {
            digits(from.to_string().as_bytes(), to.to_string().as_bytes())
        });
        from = to + 1;
    }
    parts.join("|")
}

fn last_of_its_length(number: u128) -> u128 {
    let digits = number.checked_ilog10().unwrap_or(0) + 1;
    10_u128.saturating_pow(digits) - 1
}

/// What is from one number to another of as many digits.
fn digits(least: &[u8], greatest: &[u8]) -> String {
    let any = |count: usize| match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    };
    if least.iter().all(|digit| *digit == b'0') && greatest.iter().all(|digit| *digit == b'9') {
        return any(least.len());
    }
    let (Some((low, after_low)), Some((high, after_high))) = (least.split_first(), greatest.split_first()) else {
        return String::new();
    };
    if low == high {
        return format!("{}{}", char::from(*low), digits(after_low, after_high));
    }
    let mut parts = Vec::new();
    let (mut first_whole, mut last_whole) = (*low, *high);
    if after_low.iter().any(|digit| *digit != b'0') {
        parts.push(format!("{}{}", char::from(*low), digits(after_low, &vec![b'9'; after_low.len()])));
        first_whole += 1;
    }
    let upper = after_high.iter().any(|digit| *digit != b'9').then(|| {
        last_whole -= 1;
        format!("{}{}", char::from(*high), digits(&vec![b'0'; after_high.len()], after_high))
    });
    if first_whole <= last_whole {
        let class = match (char::from(first_whole), char::from(last_whole)) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("[{first}-{last}]"),
        };
        parts.push(format!("{class}{}", any(after_low.len())));
    }
    parts.extend(upper);
    if parts.len() == 1 { parts.concat() } else { format!("(?:{})", parts.join("|")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn a_range_is_written_as_people_would() {
        assert_eq!(magnitudes(0, 9), "[0-9]");
        assert_eq!(magnitudes(100, 999), "[1-9][0-9]{2}");
        assert_eq!(magnitudes(8, 123), "[8-9]|[1-9][0-9]|1(?:[0-1][0-9]|2[0-3])");
        assert_eq!(magnitudes(0, 20_000), "[0-9]|[1-9][0-9]{1,3}|(?:1[0-9]{4}|20000)");
        assert_eq!(whole_numbers((1, 0), (1, 0)), None);
    }

    proptest! {
        #[test]
        fn exactly_the_numbers_of_a_range_match(a in 0_u128..3000, b in 0_u128..3000, n in 0_u128..3000, zeros in "0{0,3}") {
            let (least, greatest) = (a.min(b), a.max(b));
            let pattern = Regex::new(&whole_numbers((least, greatest), (1, 0)).unwrap()).unwrap();
            let text = format!("-{zeros}{n}");
            prop_assert_eq!(pattern.is_match(&text), (least..=greatest).contains(&n));
            prop_assert!(!pattern.is_match(&text[1..]));
        }
    }
}
