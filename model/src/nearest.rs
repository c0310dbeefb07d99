//! The known word that a misspelt one was most likely meant to be.

/// The word of `known` that is nearest to `word`, if one is near enough to be worth suggesting: at most a third of
/// its letters inserted, left out, changed or swapped, upper and lower case counting as the same.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = |candidate: &&str| word.chars().count().max(candidate.chars().count()).div_ceil(3);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= near(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean ...?` for the nearest of the known words, else all of them.
#[must_use]
pub fn suggestion<'a, I>(word: &str, known: I) -> Option<String>
where
    I: IntoIterator<Item = &'a str> + Clone,
{
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let words: Vec<String> = known.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => None,
        [only] => Some(format!("the only one known is {only}")),
        _ => Some(format!("known are {}", words.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_word() {
        assert_eq!(nearest("detph", ["note", "depth"]), Some("depth"));
        assert_eq!(nearest("REPLYER", ["requester", "replyer"]), Some("replyer"));
    }

    #[test]
    fn a_word_like_none_of_them_finds_nothing() {
        assert_eq!(nearest("price", ["replyer", "requester"]), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn without_a_near_word_all_are_named() {
        assert_eq!(suggestion("price", ["in", "out"]).unwrap(), "known are `in`, `out`");
        assert_eq!(suggestion("price", ["in"]).unwrap(), "the only one known is `in`");
        assert_eq!(suggestion("price", []), None);
    }
}
