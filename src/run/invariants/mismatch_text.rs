use flow_domain::{
    message::Payload,
    record::{Invariant, InvariantViolation},
    testing::StaleRow,
};

use crate::{
    expect::Mismatch,
    value::{
        first_few, has_same_leaves, indent, render_differences_as, show_stored, stored_differences,
    },
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
    let (found, lines) = match (violation.invariant, &violation.restored) {
        (Invariant::Fold, Err(err)) => (
            "cannot be folded from its events",
            [vec![err.clone()], new_aggregate_lines(violation)].concat(),
        ),
        (_, Err(err)) => ("cannot be deserialized", vec![err.clone()]),
        (Invariant::Snapshot, Ok(restored)) => (
            "changes when it is read from a snapshot",
            [
                round_trip_lines(violation, restored),
                vec![SNAPSHOT_HINT.to_owned()],
            ]
            .concat(),
        ),
        (Invariant::Fold, Ok(folded)) => (
            "differs from the state folded from its events",
            fold_lines(violation, folded),
        ),
        (_, Ok(deserialized)) => (
            "changes when it is serialized and deserialized",
            round_trip_lines(violation, deserialized),
        ),
    };

    let found = format!("{}, {origin}, {found}", violation.violated_by);
    invariant_mismatch(violation.invariant, found, lines)
}

const SNAPSHOT_HINT: &str =
    "The domain loads it from snapshots, so its JSON must have each field that an `apply` sets";

/// Shows what differs after a fold, and a hint.
fn fold_lines(violation: &InvariantViolation, folded: &str) -> Vec<String> {
    let mut lines = difference_lines(violation, ("folded", folded));
    lines.push("Change the state only in `apply`, because only its events are stored".to_owned());
    lines.extend(new_aggregate_lines(violation));
    lines
}

/// Says how an aggregate begins, if the violation is about a new one.
fn new_aggregate_lines(violation: &InvariantViolation) -> Vec<String> {
    let hint = "A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,\n\
        and the `apply` of this event sets it, also the id";

    Vec::from_iter(violation.is_new_aggregate.then(|| hint.to_owned()))
}

/// Shows what differs after a round trip, and a hint.
fn round_trip_lines(violation: &InvariantViolation, deserialized: &str) -> Vec<String> {
    let hint = if has_other_json(violation) {
        "`Serialize` and `Deserialize` do not match"
    } else {
        "What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it"
    };

    let mut lines = difference_lines(violation, ("deserialized", deserialized));
    lines.push(hint.to_owned());
    lines
}

/// Returns true if the JSON of the two values differs by more than the order of elements.
fn has_other_json(violation: &InvariantViolation) -> bool {
    violation.json.as_ref().is_none_or(|(live, restored)| {
        match (live.to_json(), restored.to_json()) {
            (Ok(live), Ok(restored)) => !has_same_leaves(&live, &restored),
            _ => true,
        }
    })
}

/// Shows the fields of the JSON that differ. If the JSON is equal, shows both values whole.
///
/// `verb` says what the second value is.
fn difference_lines(violation: &InvariantViolation, (verb, restored): (&str, &str)) -> Vec<String> {
    if let Some((live, restored)) = &violation.json
        && has_other_json(violation)
    {
        return json_lines(live, restored, verb);
    }

    let width = verb.len().max("in memory".len());
    [("in memory", &*violation.live), (verb, restored)]
        .map(|(title, text)| format!("{title:<width$}  {}", indent(text, width + 2)))
        .to_vec()
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

    invariant_mismatch(Invariant::Rebuild, found, lines)
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

    json_lines(live, rebuilt, "rebuilt")
}

/// Shows the fields in which the JSON of two values differs. `verb` says what the second one is.
fn json_lines(live: &Payload, restored: &Payload, verb: &str) -> Vec<String> {
    match stored_differences(live, restored) {
        Ok(differences) => render_differences_as(&differences, |live, restored| {
            format!("{live}, but {restored} when {verb}")
        }),
        Err(err) => vec![err.to_string()],
    }
}

/// Returns the mismatch of a projector that handled events, but fails on them in a rebuild.
pub(super) fn rebuild_failure_mismatch(failures: Vec<String>) -> Mismatch {
    let found = "a projector handled an event, but fails on it in a rebuild";
    invariant_mismatch(Invariant::Rebuild, found.to_owned(), failures)
}

/// Returns a mismatch that says what the invariant requires, and ends with how to disable it.
fn invariant_mismatch(invariant: Invariant, found: String, mut lines: Vec<String>) -> Mismatch {
    let requirement = match invariant {
        Invariant::RoundTrip => "a value stays equal when it is serialized and deserialized",
        Invariant::Snapshot => "a snapshot equals the state folded from the events",
        Invariant::Fold => "an event-sourced aggregate equals the state folded from its events",
        _ => "a projection rebuilt from all events equals the stored one",
    };
    lines.push(format!(
        "If this is intended, say why: `.disable_invariant(flow_harness::Invariant::{invariant:?}, \"..\")`"
    ));

    let expected = format!("{requirement} (the invariant `{invariant}`)");
    Mismatch::new(expected, found).with_differences(lines)
}
