//! Compares two values whose type may not implement `PartialEq`.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::Error,
    message::Payload,
    record::{Invariant, InvariantViolation},
};

/// Two values of one type, for the code that the derives write.
///
/// `(&Pair(left, right)).are_equal()` calls [`ComparableByPartialEq`] if the type implements
/// `PartialEq`, and [`NotComparable`] otherwise. The compiler prefers the first, because the second
/// needs one more reference (autoref specialization).
#[derive(Debug)]
pub struct Pair<'a, T>(pub &'a T, pub &'a T);

/// Two values whose type implements `PartialEq`.
pub trait ComparableByPartialEq {
    /// Returns whether the two values are equal. The result is always `Some`.
    fn are_equal(&self) -> Option<bool>;
}

impl<T: PartialEq> ComparableByPartialEq for Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// Two values whose type may not implement `PartialEq`.
pub trait NotComparable {
    /// Returns `None`: the two values cannot be compared.
    fn are_equal(&self) -> Option<bool>;
}

impl<T> NotComparable for &Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        None
    }
}

/// Compares two values of one type. Returns `None` if the type does not implement `PartialEq`.
pub(crate) type EqFn<T> = fn(&T, &T) -> Option<bool>;

/// An [`EqFn`] for a type without `PartialEq`. The caller then compares the values by their JSON.
pub(crate) fn without_partial_eq<T>(_: &T, _: &T) -> Option<bool> {
    None
}

/// Decodes `serialized` and returns a violation if the result is not equal to `live`.
///
/// A state or row has an id, a message has none. An equal value is cached in the payload for the
/// next reader.
#[inline(never)]
pub(crate) fn check_round_trip<T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static>(
    (name, id): (&'static str, Option<&str>),
    live: &T,
    serialized: &mut Payload,
    try_eq: EqFn<T>,
) -> Option<InvariantViolation> {
    let decoded: Result<T, Error> = serialized.decode(name);

    match decoded {
        Ok(decoded)
            if try_eq(live, &decoded).unwrap_or_else(|| {
                survives_round_trip(name, (live, &decoded), serialized, id.is_some())
            }) =>
        {
            serialized.cache_decoded(decoded);
            None
        }
        decoded => Some(violation(Invariant::RoundTrip, (name, id), live, decoded)),
    }
}

/// Returns true if `decoded` has the JSON and the `Debug` text of `live`. It is for types without
/// `PartialEq`.
fn survives_round_trip<T: Serialize + fmt::Debug>(
    name: &'static str,
    (live, decoded): (&T, &T),
    serialized: &Payload,
    is_state: bool,
) -> bool {
    let Ok(reserialized) = Payload::encode(name, decoded) else {
        return false;
    };

    // Only the `Debug` text shows a field that is never serialized. For a state it shows too much.
    // The buffer of raised events is never serialized, so it is always empty after decoding.
    are_equal_ignoring_order(serialized, &reserialized)
        && (is_state || have_similar_debug_text(live, decoded))
}

/// Returns a violation if `restored` is an error or not equal to `live`.
#[inline(never)]
pub(crate) fn check_equal<T: Serialize + fmt::Debug>(
    invariant: Invariant,
    (name, id): (&'static str, Option<&str>),
    live: &T,
    restored: Result<T, Error>,
    try_eq: EqFn<T>,
) -> Option<InvariantViolation> {
    let is_equal = match &restored {
        Ok(restored) => try_eq(live, restored).unwrap_or_else(|| {
            let payloads = (Payload::encode(name, live), Payload::encode(name, restored));
            matches!(payloads, (Ok(live), Ok(restored)) if are_equal_ignoring_order(&live, &restored))
        }),
        Err(_) => false,
    };

    (!is_equal).then(|| violation(invariant, (name, id), live, restored))
}

#[cold]
fn violation<T: Serialize + fmt::Debug>(
    invariant: Invariant,
    (name, id): (&'static str, Option<&str>),
    live: &T,
    restored: Result<T, Error>,
) -> InvariantViolation {
    let violated_by = match id {
        Some(id) => format!("{name} {id:?}"),
        None => name.to_owned(),
    };
    let live_text = format!("{live:#?}");

    let restored = match restored {
        Ok(restored) => restored,
        Err(err) => {
            let reason = err.with_causes().to_string();
            let mut violation =
                InvariantViolation::new(invariant, violated_by, live_text, Err(reason));
            violation.codec_type = err.codec_type().map(str::to_owned);
            return violation;
        }
    };

    // The JSON may show a difference that the `Debug` texts do not show.
    let json = (
        Payload::encode(name, live),
        Payload::encode(name, &restored),
    );
    let restored_text = format!("{restored:#?}");
    let (live_text, restored_text) = match &json {
        (Ok(live), Ok(restored)) if live_text == restored_text => {
            (live.as_json().to_owned(), restored.as_json().to_owned())
        }
        _ => (live_text, restored_text),
    };

    let mut violation =
        InvariantViolation::new(invariant, violated_by, live_text, Ok(restored_text));
    violation.json = json.0.ok().zip(json.1.ok());
    violation
}

/// Returns true if the `Debug` texts of two values have the same characters, in any order.
///
/// The order is ignored because a set or a map may print its elements in another order.
fn have_similar_debug_text<T: fmt::Debug>(left: &T, right: &T) -> bool {
    let sorted_chars = |value: &T| {
        let mut chars: Vec<char> = format!("{value:?}").chars().collect();
        chars.sort_unstable();
        chars
    };
    sorted_chars(left) == sorted_chars(right)
}

/// Returns true if two payloads are equal. The order of fields and of array elements does not
/// matter.
///
/// An array may be a set, whose elements have no order.
pub(crate) fn are_equal_ignoring_order(left: &Payload, right: &Payload) -> bool {
    if left == right {
        return true;
    }

    let (left, right) = (left.to_value(), right.to_value());
    left == right || with_sorted_arrays(left) == with_sorted_arrays(right)
}

/// Returns the value with the elements of all arrays sorted.
fn with_sorted_arrays(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.into_iter().map(with_sorted_arrays).collect();
            elements.sort_by_cached_key(ToString::to_string);
            Value::Array(elements)
        }
        Value::Object(fields) => {
            let sorted_fields = fields
                .into_iter()
                .map(|(name, value)| (name, with_sorted_arrays(value)))
                .collect();
            Value::Object(sorted_fields)
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::needless_borrow, reason = "it is what the derives write")]
    fn pair_uses_partial_eq_only_if_the_type_has_it() {
        struct Opaque;

        assert_eq!((&Pair(&1, &1)).are_equal(), Some(true));
        assert_eq!((&Pair(&1, &2)).are_equal(), Some(false));
        assert_eq!((&Pair(&Opaque, &Opaque)).are_equal(), None);
    }

    #[test]
    fn json_equality_ignores_the_order_of_elements() {
        let payload = Payload::from_json(r#"{"a":[1,{"b":[2,3]}],"c":1}"#);

        assert!(are_equal_ignoring_order(
            &payload,
            &Payload::from_json(r#"{"c":1,"a":[{"b":[3,2]},1]}"#)
        ));
        assert!(!are_equal_ignoring_order(
            &payload,
            &Payload::from_json(r#"{"c":1,"a":[{"b":[3,3]},1]}"#)
        ));
    }
}
