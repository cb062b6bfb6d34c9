use flow_domain::{
    record::{Invariant, InvariantViolation},
    testing::StaleRow,
};
use serde_json::Value;

use crate::{
    expect::Mismatch,
    run::invariants::debug_diff::{FieldDiff, diff_debug_text},
    value::{cut_middle, differences, first_few, show_stored},
};

/// The last writer of a row.
pub(super) struct RowWriter {
    pub(super) handler: &'static str,
    /// The event for which the handler wrote the row.
    pub(super) event: Option<String>,
    /// An event that the handler handled more than once, and the number of times.
    pub(super) repeated_event: Option<(String, usize)>,
}

/// Returns the mismatch of a message, state or aggregate that violates an invariant.
///
/// `origin` says where the value comes from: `written by Payments`.
pub(crate) fn violation_mismatch(violation: &InvariantViolation, origin: &str) -> Mismatch {
    let violated_by = &violation.violated_by;
    let invariant = violation.invariant;
    let restored = match &violation.restored {
        Ok(restored) => restored,
        Err(err) => {
            let found = match invariant {
                Invariant::Fold => {
                    format!("{violated_by}, {origin}, cannot be folded from its events")
                }
                _ => format!("{violated_by}, {origin}, cannot be deserialized"),
            };
            let lines = vec![err.clone(), opt_out_hint(invariant)];
            return Mismatch::new(expected_text(invariant), found).with_differences(lines);
        }
    };

    let (found, verb) = match invariant {
        Invariant::Fold => ("differs from the state folded from its events", "folded"),
        _ => (
            "changes when it is serialized and deserialized",
            "deserialized",
        ),
    };
    let found = format!("{violated_by}, {origin}, {found}");

    let diffs = diff_debug_text(&violation.live, restored);
    let mut lines = difference_lines(&diffs, verb);
    lines.push(match invariant {
        Invariant::Fold => {
            "Change the state only in `apply`, because only its events are stored".to_owned()
        }
        _ => round_trip_hint(violation, &diffs),
    });
    lines.push(opt_out_hint(invariant));

    Mismatch::new(expected_text(invariant), found).with_differences(lines)
}

const PROJECTOR_INPUTS_HINT: &str = "A projector must use only its rows and the event. \
     It must not use the clock (use `rows.event_time()`),\nits own fields, or the order of the streams";

/// Returns the mismatch of a projection with rows that differ from the rebuilt ones.
///
/// `first` is shown in full, `others` only by id.
pub(super) fn stale_rows_mismatch(
    first: &StaleRow,
    writer: Option<&RowWriter>,
    others: &[&StaleRow],
) -> Mismatch {
    let row = format!("{} {:?}", first.table.name, first.id);
    let written_by = match writer {
        Some(RowWriter {
            handler,
            event: Some(event),
            ..
        }) => format!(", last written by {handler} on {event},"),
        Some(RowWriter { handler, .. }) => format!(", written by {handler},"),
        None => String::new(),
    };
    let mut found = format!("{row}{written_by} differs from the row rebuilt from the events");
    if !others.is_empty() {
        let ids = others.iter().map(|row| format!("{:?}", row.id));
        found.push_str("\nalso different: ");
        found.push_str(&first_few(ids));
    }

    let mut lines = stale_row_lines(first);
    let repeated_event = writer.and_then(|writer| writer.repeated_event.as_ref());
    lines.push(match repeated_event {
        Some((event, n)) => format!(
            "{event} was handled {n} times and a rebuild handles it once: `on.subscription().once()` skips redelivered messages"
        ),
        None => PROJECTOR_INPUTS_HINT.to_owned(),
    });
    lines.push(opt_out_hint(Invariant::Rebuild));

    Mismatch::new(expected_text(Invariant::Rebuild), found).with_differences(lines)
}

/// Shows the fields in which a stored row and the rebuilt row differ.
///
/// If one of the two rows does not exist, the other is shown whole.
fn stale_row_lines(row: &StaleRow) -> Vec<String> {
    let (Some(live), Some(rebuilt)) = (&row.live, &row.rebuilt) else {
        let show = |row: &Option<_>| row.as_ref().map_or("nothing".to_owned(), show_stored);
        return vec![
            format!("stored   {}", show(&row.live)),
            format!("rebuilt  {}", show(&row.rebuilt)),
        ];
    };

    let differences = differences(&live.to_value(), &rebuilt.to_value());
    let width = differences
        .iter()
        .map(|difference| difference.path.chars().count())
        .max()
        .unwrap_or(0);
    let show = |value: &Option<Value>| match value {
        Some(value) => cut_middle(value.to_string()),
        None => "nothing".to_owned(),
    };
    differences
        .iter()
        .map(|difference| {
            // A difference calls the first value `expected`. Here it is the stored row.
            let (live, rebuilt) = (show(&difference.expected), show(&difference.found));
            format!(
                "{:<width$}  {live}, but {rebuilt} when rebuilt",
                difference.path
            )
        })
        .collect()
}

/// Returns the mismatch of a projector that handled events, but fails on them in a rebuild.
pub(super) fn rebuild_failure_mismatch(failures: &[String]) -> Mismatch {
    let mut lines = failures.to_vec();
    lines.push(opt_out_hint(Invariant::Rebuild));

    let found = "a projector handled an event, but fails on it in a rebuild";
    Mismatch::new(expected_text(Invariant::Rebuild), found).with_differences(lines)
}

/// Returns what the invariant requires, as text.
fn expected_text(invariant: Invariant) -> String {
    let text = match invariant {
        Invariant::RoundTrip => "a value stays equal when it is serialized and deserialized",
        Invariant::Fold => "an event-sourced aggregate equals the state folded from its events",
        _ => "a projection rebuilt from all events equals the stored one",
    };
    format!("{text} (the invariant `{invariant}`)")
}

/// Returns the hint that says how to disable the invariant.
fn opt_out_hint(invariant: Invariant) -> String {
    let name = match invariant {
        Invariant::RoundTrip => "RoundTrip",
        Invariant::Fold => "Fold",
        _ => "Rebuild",
    };
    format!(
        "If this is intended, say why: `.disable_invariant(flow_harness::Invariant::{name}, \"..\")`"
    )
}

/// Returns a hint: the fields that the serialized value does not have, or other likely causes.
fn round_trip_hint(violation: &InvariantViolation, diffs: &[FieldDiff]) -> String {
    let serialized = violation
        .serialized
        .as_ref()
        .map_or("", |payload| payload.as_json());
    let is_missing = |path: &str| {
        let field = path.rsplit('.').next().unwrap_or_default();
        !field.is_empty() && !serialized.contains(&format!("\"{field}\":"))
    };
    let missing: Vec<String> = diffs
        .iter()
        .filter(|diff| is_missing(&diff.path))
        .map(|diff| format!("`{}`", diff.path))
        .collect();

    if missing.is_empty() {
        return "`Serialize` and `Deserialize` do not match, or `PartialEq` compares something else"
            .to_owned();
    }
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let missing = missing.join(", ");
    format!(
        "{missing} {verb} not serialized (`#[serde(skip)]`?), so the deserialized value has the default"
    )
}

/// Shows each difference on a line of its own. `verb` says how the second value was restored.
fn difference_lines(diffs: &[FieldDiff], verb: &str) -> Vec<String> {
    let width = diffs
        .iter()
        .map(|diff| diff.path.chars().count())
        .max()
        .unwrap_or(0);

    diffs
        .iter()
        .map(|FieldDiff { path, left, right }| {
            // The path is empty if the whole values differ.
            let line = format!("{path:<width$}  {left}, but {right} when {verb}");
            line.trim_start().to_owned()
        })
        .collect()
}
