//! Compares two values of a type that does not implement `PartialEq`, by their JSON.

use serde::{Serialize, de::DeserializeOwned};

use crate::{json::Json, message::Payload};

/// How often a value is decoded to find a hash set. A set of two elements has the same order in all
/// of them in one of 2^30 cases.
const N_DECODES: usize = 31;

/// Returns true if two values have the same JSON. It is for types without `PartialEq`.
///
/// The order of the elements of an array matters, unless the type has a hash set: its elements come in
/// another order whenever it is decoded. A field that is not serialized is not compared.
pub(crate) fn have_equal_json<T: Serialize + DeserializeOwned + 'static>(
    name: &'static str,
    left: &T,
    right: &T,
) -> bool {
    match (Payload::encode(name, left), Payload::encode(name, right)) {
        (Ok(left), Ok(right)) => is_same_value::<T>(name, &left, &right),
        _ => false,
    }
}

/// Returns true if two texts are the JSON of the same value of type `T`.
///
/// The order of the elements of an array matters, unless the type has a hash set.
pub fn is_same_value<T: Serialize + DeserializeOwned + 'static>(
    name: &'static str,
    left: &Payload,
    right: &Payload,
) -> bool {
    if left.has_same_json(right) {
        return true;
    }

    let sorted = |json: &Payload| json.to_json().map(with_sorted_arrays).ok();
    sorted(left) == sorted(right) && has_hash_set::<T>(name, left)
}

/// Returns true if the same JSON is decoded as values with another order of their elements.
fn has_hash_set<T: Serialize + DeserializeOwned + 'static>(
    name: &'static str,
    json: &Payload,
) -> bool {
    let encode_again = || {
        let value: T = Payload::from_json(json.as_json()).decode(name).ok()?;
        Payload::encode(name, &value).ok()
    };

    let first = encode_again();
    (1..N_DECODES).any(|_| match (&first, encode_again()) {
        (Some(first), Some(next)) => !first.has_same_json(&next),
        _ => false,
    })
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

    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
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

    #[test]
    fn lists_in_another_order_differ() {
        let differ =
            |left: &[u8], right: &[u8]| !have_equal_json("list", &left.to_vec(), &right.to_vec());

        assert!(differ(&[1, 2], &[2, 1]));
        assert!(!differ(&[1, 2], &[1, 2]));
    }

    #[test]
    fn sets_of_two_elements_are_equal_in_any_order() {
        for _ in 0..20 {
            let set = || HashSet::from([1, 2]);
            assert!(have_equal_json("set", &set(), &set()));
        }
    }
}
