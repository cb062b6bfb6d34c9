use std::collections::BTreeMap;

use flow_domain::{json::Json, message::Payload, wiring::nearest};

use crate::{
    expect::{EmptyInput, Mismatch, Requirement},
    value::{
        is_like, partial_differences, read_json, show_stored, show_value, stored_differences,
        value_differences,
    },
};

/// Requires that two stored states are equal. The order of their fields does not matter.
pub(super) fn require_equal(
    subject: impl Fn() -> String,
    expected: &Payload,
    found: &Payload,
) -> Result<(), Mismatch> {
    let shown = |payload: &Payload| format!("{} {}", subject(), show_stored(payload));
    if expected.is_value() || found.is_value() {
        return require_equal_values((expected, found), shown);
    }

    let differences = stored_differences(expected, found)
        .map_err(|err| Mismatch::not_json(shown(expected), &err))?;
    if differences.is_empty() {
        return Ok(());
    }

    Err(Mismatch::new(shown(expected), shown(found)).with_field_differences(differences))
}

/// Requires that two values without a JSON form are equal.
fn require_equal_values(
    (expected, found): (&Payload, &Payload),
    shown: impl Fn(&Payload) -> String,
) -> Result<(), Mismatch> {
    if expected.has_same_json(found) {
        return Ok(());
    }

    let differences = value_differences(expected, found);
    Err(Mismatch::new(shown(expected), shown(found)).with_differences(differences))
}

/// Requires that a stored state has these fields with these values. It may have other fields.
pub(super) fn require_like(
    subject: impl Fn() -> String,
    expected: &Json,
    found: &Payload,
) -> Result<(), Mismatch> {
    let is_empty = expected.as_object().is_some_and(BTreeMap::is_empty);
    EmptyInput::Fields.require(is_empty)?;

    let like = || format!("{} like {}", subject(), show_value(expected));
    let value = read_json(found).map_err(|err| Mismatch::not_json(like(), &err))?;
    if is_like(expected, &value) {
        return Ok(());
    }

    let mut mismatch = Mismatch::new(like(), format!("{} {}", subject(), show_stored(found)))
        .with_field_differences(partial_differences(expected, &value));
    for (field, near) in unknown_fields(expected, &value) {
        let hint = format!("{} has no field `{field}`", subject());
        mismatch.differences.push(match near {
            None => hint,
            Some(near) => format!("{hint}; did you mean `{near}`?"),
        });

        // A handler that sets a field gives it a value, so no handler is missing for `null`.
        let is_null = expected.get(field) == Some(&Json::Null);
        if near.is_some() || is_null {
            mismatch = mismatch.with_requirement(Requirement::Impossible);
        }
    }

    Err(mismatch)
}

/// Returns the fields that a state should have and does not have, each with the most similar field.
///
/// Fields further inside are left out: they may be the keys of a map.
fn unknown_fields<'v>(expected: &'v Json, found: &'v Json) -> Vec<(&'v str, Option<&'v str>)> {
    let (Some(expected), Some(found)) = (expected.as_object(), found.as_object()) else {
        return Vec::new();
    };

    expected
        .keys()
        .filter(|name| !found.contains_key(*name))
        .map(|name| {
            (
                name.as_str(),
                nearest(name, found.keys().map(String::as_str)),
            )
        })
        .collect()
}
