//! Compares two values of a type that does not implement `PartialEq`.

use std::fmt;

use serde::Serialize;

use crate::{json::Json, message::Payload};

/// Returns true if two values have the same `Debug` text and the same JSON. It is for types without
/// `PartialEq`.
///
/// The `Debug` text shows fields that are never serialized. The JSON shows fields that a `Debug`
/// impl leaves out.
///
/// The order of elements counts, except in a set or a map. JSON cannot tell a set from a list, but
/// `Debug` can: it prints a set or a map in braces, and a list in brackets. So an array of the JSON
/// may have another order only if the texts differ in the order inside of braces.
///
/// A `Debug` impl that hides a set makes two equal values different. Its type needs `PartialEq`.
pub(crate) fn have_same_text_and_json<T: Serialize + fmt::Debug>(
    name: &'static str,
    left: &T,
    right: &T,
) -> bool {
    let (Ok(left_json), Ok(right_json)) =
        (Payload::encode(name, left), Payload::encode(name, right))
    else {
        return false;
    };
    let (left_text, right_text) = (format!("{left:?}"), format!("{right:?}"));

    if left_text == right_text {
        return has_same_json(&left_json, &right_json);
    }
    let sorted_json = |json: &Payload| json.to_json().ok().map(with_sorted_arrays);
    with_sorted_braces(&left_text) == with_sorted_braces(&right_text)
        && sorted_json(&left_json) == sorted_json(&right_json)
}

/// Returns true if the JSON of two values is equal. The order of the fields does not matter.
pub(crate) fn has_same_json(left: &Payload, right: &Payload) -> bool {
    left.has_same_json(right)
}

/// Returns the value with the elements of all arrays sorted.
fn with_sorted_arrays(value: Json) -> Json {
    match value {
        Json::Array(elements) => {
            let mut elements: Vec<Json> = elements.into_iter().map(with_sorted_arrays).collect();
            elements.sort_by_cached_key(ToString::to_string);
            Json::Array(elements)
        }
        Json::Object(fields) => {
            let sorted_fields = fields
                .into_iter()
                .map(|(name, value)| (name, with_sorted_arrays(value)))
                .collect();
            Json::Object(sorted_fields)
        }
        value => value,
    }
}

/// Returns a `Debug` text with the items inside of each pair of braces sorted.
///
/// An item is a field of a struct, an entry of a map or an element of a set.
fn with_sorted_braces(text: &str) -> String {
    let mut rest = text;
    read_items(&mut rest, None)
}

/// Reads the items up to the bracket that closes `opening`, or up to the end of the text.
fn read_items(rest: &mut &str, opening: Option<char>) -> String {
    let mut items = vec![String::new()];
    let mut closing = "";

    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(literal_length(rest).unwrap_or(first.len_utf8()));
        *rest = after;

        if matches!(first, '}' | ']' | ')') && opening.is_some() {
            closing = token;
            break;
        }
        if first == ',' {
            items.push(String::new());
            continue;
        }

        let Some(item) = items.last_mut() else { break };
        item.push_str(token);
        if matches!(first, '{' | '[' | '(') {
            item.push_str(&read_items(rest, Some(first)));
        }
    }

    let mut items: Vec<&str> = items.iter().map(|item| item.trim()).collect();
    if opening == Some('{') {
        items.sort_unstable();
    }
    items.join(", ") + closing
}

/// Returns the length of the string or character literal at the beginning of a `Debug` text.
fn literal_length(text: &str) -> Option<usize> {
    let quote = text
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;

    let mut is_escaped = false;
    let mut letters = text.char_indices().skip(1);
    let end = letters.find(|(_, letter)| {
        let is_end = *letter == quote && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        is_end
    });
    let (end, _) = end?;

    // `'a'` and `'\n'` are characters. Any other apostrophe is one of a hand-written `Debug`.
    let is_text = quote == '"' || text[1..end].chars().count() == 1 || text[1..].starts_with('\\');
    is_text.then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn are_equal<T: Serialize + fmt::Debug>(left: &T, right: &T) -> bool {
        have_same_text_and_json("Value", left, right)
    }

    #[derive(Debug, Serialize)]
    struct Parcel {
        labels: Vec<u8>,
        stamps: HashMap<String, u32>,
        tags: HashSet<u32>,
        #[serde(skip)]
        #[expect(dead_code, reason = "only `Debug` reads it")]
        position: (u8, u8),
    }

    fn parcel() -> Parcel {
        Parcel {
            labels: vec![1, 2],
            // Two hash maps with 30 entries practically never have the same order.
            stamps: (0..30).map(|n| (format!("stamp {n}"), n)).collect(),
            tags: (0..30).collect(),
            position: (1, 0),
        }
    }

    #[test]
    fn sets_and_maps_are_equal_in_any_order() {
        assert!(are_equal(&parcel(), &parcel()));
    }

    #[test]
    fn sets_and_maps_with_other_elements_differ() {
        let mut other = parcel();
        other.tags.insert(30);
        assert!(!are_equal(&parcel(), &other));

        let mut other = parcel();
        other.stamps.insert("stamp 0".into(), 7);
        assert!(!are_equal(&parcel(), &other));
    }

    #[test]
    fn lists_in_another_order_differ() {
        let labels = vec![2, 1];
        assert!(!are_equal(&parcel(), &Parcel { labels, ..parcel() }));

        assert!(!are_equal(&[1, 2], &[2, 1]));
        assert!(!are_equal(
            &vec![(1, "a"), (2, "b")],
            &vec![(2, "b"), (1, "a")]
        ));
    }

    #[test]
    fn skipped_tuple_in_another_order_differs() {
        let position = (0, 1);

        assert!(!are_equal(
            &parcel(),
            &Parcel {
                position,
                ..parcel()
            }
        ));
    }

    /// Prints only its name.
    #[derive(Serialize)]
    struct Secret(Vec<u8>);

    impl fmt::Debug for Secret {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Secret")
        }
    }

    #[test]
    fn json_decides_if_the_debug_text_hides_a_field() {
        assert!(are_equal(&Secret(vec![1, 2]), &Secret(vec![1, 2])));
        assert!(!are_equal(&Secret(vec![1, 2]), &Secret(vec![2, 1])));

        let tags = || (0..30).collect::<HashSet<u8>>();
        assert!(!are_equal(
            &(tags(), Secret(vec![1])),
            &(tags(), Secret(vec![2]))
        ));
    }

    #[test]
    fn braces_are_sorted_and_brackets_are_not() {
        assert_eq!(with_sorted_braces("{b, a}"), with_sorted_braces("{a, b}"));
        assert_eq!(
            with_sorted_braces("Row { ids: {[2, 1], (3, 4)} }"),
            with_sorted_braces("Row { ids: {(3, 4), [2, 1]} }")
        );

        assert_ne!(with_sorted_braces("[b, a]"), with_sorted_braces("[a, b]"));
        assert_ne!(with_sorted_braces("(b, a)"), with_sorted_braces("(a, b)"));
    }

    #[test]
    fn braces_in_literals_are_text() {
        assert_eq!(
            with_sorted_braces(r#"{"}", '{', '\'', "\", {"}"#),
            r#"{"\", {", "}", '\'', '{'}"#
        );
        assert_eq!(with_sorted_braces("{it's, a}"), "{a, it's}");
        assert_eq!(with_sorted_braces("a} {c, b"), "a} {b, c");
    }
}
