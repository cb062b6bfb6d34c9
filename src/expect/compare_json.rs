use std::collections::BTreeMap;

use flow_domain::{json::Json, message::Payload};

use crate::{
    expect::{Mismatch, Requirement},
    value::{is_like, partial_differences, read_json, show_stored, show_value, stored_differences},
};

/// Requires that two stored states are equal. The order of their fields does not matter.
pub(super) fn require_equal(
    subject: impl Fn() -> String,
    expected: &Payload,
    found: &Payload,
) -> Result<(), Mismatch> {
    let shown = |payload| format!("{} {}", subject(), show_stored(payload));
    let differences = stored_differences(expected, found)
        .map_err(|err| Mismatch::not_json(shown(expected), &err))?;
    if differences.is_empty() {
        return Ok(());
    }

    Err(Mismatch::new(shown(expected), shown(found)).with_field_differences(differences))
}

/// Requires that a stored state has these fields with these values. It may have other fields.
pub(super) fn require_like(
    subject: impl Fn() -> String,
    expected: &Json,
    found: &Payload,
) -> Result<(), Mismatch> {
    if expected.as_object().is_some_and(BTreeMap::is_empty) {
        let found = "an empty object, which every state is like";
        return Err(Mismatch::new("at least one field to compare", found)
            .with_requirement(Requirement::Comparable));
    }

    let like = || format!("{} like {}", subject(), show_value(expected));
    let value = read_json(found).map_err(|err| Mismatch::not_json(like(), &err))?;
    if is_like(expected, &value) {
        return Ok(());
    }

    let mismatch = Mismatch::new(like(), format!("{} {}", subject(), show_stored(found)));
    Err(mismatch.with_field_differences(partial_differences(expected, &value)))
}
