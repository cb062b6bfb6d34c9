//! How two values are compared that may have no `PartialEq`.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::Error,
    message::Payload,
    record::{Invariant, InvariantViolation},
};

/// Two values of one type, for what the derives write: `(&Pair(one, other)).is_same()` calls
/// [`ComparableByPartialEq`] if the type has it, and [`NotComparable`] otherwise, for that is one reference further
/// away.
#[derive(Debug)]
pub struct Pair<'a, T>(pub &'a T, pub &'a T);

/// Two values that can be compared.
pub trait ComparableByPartialEq {
    /// Compares them.
    fn are_equal(&self) -> Option<bool>;
}

impl<T: PartialEq> ComparableByPartialEq for Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// Two values that cannot be compared.
pub trait NotComparable {
    /// Says that it cannot.
    fn are_equal(&self) -> Option<bool>;
}

impl<T> NotComparable for &Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        None
    }
}

/// How two values of one type are compared; `None` if they cannot be.
pub(crate) type EqFn<T> = fn(&T, &T) -> Option<bool>;

/// Compares by nothing but what is written.
pub(crate) fn without_partial_eq<T>(_: &T, _: &T) -> Option<bool> {
    None
}

/// Reads back what `live` was written as, and tells if that is something else. If not, what was read is
/// kept with it, for whoever reads it next.
#[inline(never)]
pub(crate) fn check_round_trip<T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static>(
    (name, id): (&'static str, Option<&str>),
    live: &T,
    written: &mut Payload,
    is_same: EqFn<T>,
) -> Option<InvariantViolation> {
    let again: Result<T, Error> = written.decode(name);
    match again {
        Ok(again)
            if is_same(live, &again).unwrap_or_else(|| {
                survives_round_trip(name, (live, &again), written, id.is_some())
            }) =>
        {
            written.cache_decoded(again);
            None
        }
        again => {
            Some(violation(Invariant::RoundTrip, (name, id), live, again).with_serialized(written))
        }
    }
}

fn survives_round_trip<T: Serialize + fmt::Debug>(
    name: &'static str,
    (live, again): (&T, &T),
    written: &Payload,
    is_state: bool,
) -> bool {
    let Ok(rewritten) = Payload::encode(name, again) else {
        return false;
    };
    // What is never written is seen in nothing but the value itself. A state is not looked at so: its
    // buffer of raised events is empty when it comes back, and is to be.
    are_equal_ignoring_order(written, &rewritten)
        && (is_state || have_similar_debug_text(live, again))
}

/// Compares two values that should be equal, and tells if they are not.
#[inline(never)]
pub(crate) fn check_equal<T: Serialize + fmt::Debug>(
    law: Invariant,
    (name, id): (&'static str, Option<&str>),
    live: &T,
    again: Result<T, Error>,
    is_same: EqFn<T>,
) -> Option<InvariantViolation> {
    let is_kept = match &again {
        Ok(again) => is_same(live, again).unwrap_or_else(|| {
            let written = (Payload::encode(name, live), Payload::encode(name, again));
            matches!(written, (Ok(one), Ok(other)) if are_equal_ignoring_order(&one, &other))
        }),
        Err(_) => false,
    };

    (!is_kept).then(|| violation(law, (name, id), live, again))
}

#[cold]
fn violation<T: Serialize + fmt::Debug>(
    law: Invariant,
    (name, id): (&'static str, Option<&str>),
    live: &T,
    again: Result<T, Error>,
) -> InvariantViolation {
    let by = match id {
        Some(id) => format!("{name} {id:?}"),
        None => name.to_owned(),
    };
    let shown = format!("{live:#?}");

    match again {
        Err(err) => InvariantViolation::new(law, by, shown, Err(err.with_causes().to_string())),
        Ok(again) => {
            let again_shown = format!("{again:#?}");
            if shown != again_shown {
                return InvariantViolation::new(law, by, shown, Ok(again_shown));
            }

            let json = |value: &T| match Payload::encode(name, value) {
                Ok(written) => written.as_json().to_owned(),
                Err(err) => err.with_causes().to_string(),
            };
            InvariantViolation::new(law, by, json(live), Ok(json(&again)))
        }
    }
}

/// Returns true if two values are shown alike, but for the order of what has none.
fn have_similar_debug_text<T: fmt::Debug>(one: &T, other: &T) -> bool {
    let letters = |value: &T| {
        let mut letters: Vec<char> = format!("{value:?}").chars().collect();
        letters.sort_unstable();
        letters
    };
    letters(one) == letters(other)
}

/// Returns true if two payloads say the same, in whatever order the fields of objects and the elements
/// of sets are written.
pub(crate) fn are_equal_ignoring_order(one: &Payload, other: &Payload) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (one.to_value(), other.to_value());
    one == other || with_sorted_arrays(one) == with_sorted_arrays(other)
}

/// The same value with the elements of all arrays in order: a set has none of its own.
fn with_sorted_arrays(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.into_iter().map(with_sorted_arrays).collect();
            elements.sort_by_cached_key(ToString::to_string);
            Value::Array(elements)
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name, with_sorted_arrays(value)))
                    .collect(),
            )
        }
        other => other,
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
        let one = Payload::from_json(r#"{"a":[1,{"b":[2,3]}],"c":1}"#);

        assert!(are_equal_ignoring_order(
            &one,
            &Payload::from_json(r#"{"c":1,"a":[{"b":[3,2]},1]}"#)
        ));
        assert!(!are_equal_ignoring_order(
            &one,
            &Payload::from_json(r#"{"c":1,"a":[{"b":[3,3]},1]}"#)
        ));
    }
}
