use std::{collections::BTreeSet, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    json::Json,
    message::Payload,
    model::{Aggregate, RaisedEvents, SerializedMessage, invariants::have_equal_json},
    record::{Invariant, InvariantViolation},
};

/// Compares two values of one type. Returns `None` if the type does not implement `PartialEq`.
pub(crate) type EqFn<T> = fn(&T, &T) -> Option<bool>;

/// An [`EqFn`] for a type without `PartialEq`. The caller then compares the JSON.
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
            if try_eq(live, &decoded).unwrap_or_else(|| have_equal_json(name, live, &decoded)) =>
        {
            serialized.cache_decoded(decoded);
            None
        }
        decoded => Some(violation(Invariant::RoundTrip, (name, id), live, decoded)),
    }
}

/// Decodes `serialized` and returns a violation for each event that is not equal to the original.
pub(crate) fn check_round_trips(
    raised: RaisedEvents<'_>,
    serialized: &mut [SerializedMessage],
) -> Vec<InvariantViolation> {
    raised
        .iter()
        .zip(serialized)
        .filter_map(|(event, serialized)| event.check_round_trip(serialized))
        .collect()
}

/// Returns a violation if the fold of its events is not equal to an event-sourced aggregate.
///
/// `folded` is `None` if there are no events. Then nothing of the aggregate is stored. It must be as it
/// was initially, but may have an id: a handler that finds no aggregate makes one with this id.
#[inline(never)]
pub(crate) fn check_fold<A: Aggregate>(
    id: &str,
    live: &A,
    folded: Option<Result<A, Error>>,
    is_new: bool,
) -> Option<InvariantViolation> {
    let has_events = folded.is_some();
    let folded = match folded {
        Some(folded) => folded,
        None => Ok(A::initial()?),
    };

    let is_equal = folded.as_ref().is_ok_and(|folded| are_equal(live, folded));
    if is_equal || !has_events && is_initial_with_id(live) {
        return None;
    }

    let mut violation = violation(Invariant::Fold, (A::NAME, Some(id)), live, folded);
    violation.is_new_aggregate = is_new;
    Some(violation)
}

fn are_equal<A: Aggregate>(left: &A, right: &A) -> bool {
    left.try_eq(right)
        .unwrap_or_else(|| have_equal_json(A::NAME, left, right))
}

/// Returns true if an aggregate differs from its initial state by its id only.
///
/// The name of the field in JSON is not known. But if the ids differ and only one field does, then this
/// field is the id. What is not in JSON must be as after a round trip.
#[cold]
fn is_initial_with_id<A: Aggregate>(live: &A) -> bool {
    let Some(initial) = A::initial() else {
        return false;
    };
    let has_one_other_field = || -> Option<bool> {
        let live = Json::from_serialize(live).ok()?;
        let initial = Json::from_serialize(&initial).ok()?;
        let (live, initial) = (live.as_object()?, initial.as_object()?);

        let names: BTreeSet<&String> = live.keys().chain(initial.keys()).collect();
        let differing = names
            .into_iter()
            .filter(|name| live.get(*name) != initial.get(*name));
        Some(differing.count() == 1)
    };
    let is_equal_after_round_trip = || -> Option<bool> {
        let decoded = Payload::encode(A::NAME, live).ok()?.decode(A::NAME).ok()?;
        Some(are_equal(live, &decoded))
    };

    initial.id() != live.id()
        && has_one_other_field() == Some(true)
        && is_equal_after_round_trip() == Some(true)
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
    let live_text = format!("{live:?}");

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

    let restored_text = format!("{restored:?}");
    let mut violation =
        InvariantViolation::new(invariant, violated_by, live_text, Ok(restored_text));
    violation.json = Payload::encode(name, live)
        .ok()
        .zip(Payload::encode(name, &restored).ok());
    violation
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use serde::{Deserialize, Deserializer};

    use super::*;

    /// Returns the check of the round trip of `value`.
    fn round_trip<T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static>(
        value: &T,
        try_eq: EqFn<T>,
    ) -> Option<InvariantViolation> {
        let mut serialized = Payload::encode("Value", value).expect("it has a JSON form");
        check_round_trip(("Value", None), value, &mut serialized, try_eq)
    }

    #[test]
    fn round_trip_reports_a_skipped_field_that_is_swapped() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Parcel {
            #[serde(skip, default = "swapped")]
            position: (u8, u8),
        }

        fn swapped() -> (u8, u8) {
            (0, 1)
        }

        let by_partial_eq = |left: &Parcel, right: &Parcel| Some(left == right);
        let violation = round_trip(&Parcel { position: (1, 0) }, by_partial_eq);

        let violation = violation.expect("the position differs");
        assert!(violation.live.contains("(1, 0)"), "{violation}");
        assert_eq!(
            round_trip(&Parcel { position: (0, 1) }, by_partial_eq),
            None
        );
        // The JSON does not have the field.
        assert_eq!(
            round_trip(&Parcel { position: (1, 0) }, without_partial_eq),
            None
        );
    }

    #[test]
    fn round_trip_reports_a_list_that_is_reversed() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Shelf(#[serde(deserialize_with = "reversed")] Vec<u8>);

        fn reversed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
            Vec::deserialize(deserializer).map(|list: Vec<u8>| list.into_iter().rev().collect())
        }

        let by_partial_eq = |left: &Shelf, right: &Shelf| Some(left == right);
        assert!(round_trip(&Shelf(vec![1, 2]), by_partial_eq).is_some());
        assert!(round_trip(&Shelf(vec![1, 2]), without_partial_eq).is_some());
        assert_eq!(round_trip(&Shelf(vec![1, 1]), by_partial_eq), None);
    }

    #[test]
    fn round_trip_accepts_sets_and_maps_in_any_order() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Letter {
            stamps: HashMap<String, u32>,
            tags: HashSet<u32>,
        }

        // Two hash maps or sets with 30 elements practically never have the same order.
        let letter = Letter {
            stamps: (0..30).map(|n| (format!("stamp {n}"), n)).collect(),
            tags: (0..30).collect(),
        };

        assert_eq!(round_trip(&letter, |left, right| Some(left == right)), None);
        assert_eq!(round_trip(&letter, without_partial_eq), None);
    }
}
