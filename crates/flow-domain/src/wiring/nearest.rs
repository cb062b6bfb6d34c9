/// Returns the candidate that is most similar to `name`, if one is similar enough.
///
/// Two names are similar if at most a third of the longer name must change. The measure is the
/// Damerau-Levenshtein distance. A candidate that equals `name` does not count.
#[doc(hidden)]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    // The distance counts characters, not bytes.
    let n_chars = |candidate: &str| name.chars().count().max(candidate.chars().count());

    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= n_chars(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_a_typo_but_not_another_word() {
        assert_eq!(nearest("oder", ["inventory", "order"]), Some("order"));
        assert_eq!(nearest("payment", ["inventory", "order"]), None);
        assert_eq!(nearest("äöü", ["äaa"]), None);
    }
}
