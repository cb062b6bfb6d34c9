//! Compares two values of a type that does not implement `PartialEq`, by their JSON.

use serde::Serialize;

use crate::{json::Json, message::Payload};

/// Returns true if two values have the same JSON. It is for types without `PartialEq`.
///
/// The order of the elements of an array does not matter: JSON cannot tell a list from a set, and the
/// elements of a hash set come in any order. So only `PartialEq` shows that a list is in another order,
/// or that a field differs that is not serialized.
pub(crate) fn have_equal_json<T: Serialize>(name: &'static str, left: &T, right: &T) -> bool {
    match (Payload::encode(name, left), Payload::encode(name, right)) {
        (Ok(left), Ok(right)) => {
            let sorted = |json: &Payload| json.to_json().map(with_sorted_arrays);
            left == right
                || matches!((sorted(&left), sorted(&right)), (Ok(left), Ok(right)) if left == right)
        }
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[derive(Serialize)]
    struct Parcel {
        labels: Vec<u8>,
        stamps: HashMap<String, u32>,
        tags: HashSet<u32>,
    }

    fn parcel() -> Parcel {
        Parcel {
            labels: vec![1, 2],
            // Two hash maps with 30 entries practically never have the same order.
            stamps: (0..30).map(|n| (format!("stamp {n}"), n)).collect(),
            tags: (0..30).collect(),
        }
    }

    fn are_equal(left: &Parcel, right: &Parcel) -> bool {
        have_equal_json("Parcel", left, right)
    }

    #[test]
    fn sets_and_maps_are_equal_in_any_order() {
        assert!(are_equal(&parcel(), &parcel()));
    }

    #[test]
    fn values_with_other_elements_differ() {
        let mut other = parcel();
        other.tags.insert(30);
        assert!(!are_equal(&parcel(), &other));

        let mut other = parcel();
        other.stamps.insert("stamp 0".into(), 7);
        assert!(!are_equal(&parcel(), &other));

        let mut other = parcel();
        other.labels.push(2);
        assert!(!are_equal(&parcel(), &other));
    }
}
