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
        (Invariant::Fold, Err(err)) => ("cannot be folded from its events", vec![err.clone()]),
        (_, Err(err)) => ("cannot be deserialized", vec![err.clone()]),
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

/// Shows what differs after a fold, and a hint.
fn fold_lines(violation: &InvariantViolation, folded: &str) -> Vec<String> {
    let mut lines = match &violation.json {
        Some((live, folded)) => json_lines(live, folded, "folded"),
        None => Vec::new(),
    };
    // A skipped field is not in the JSON.
    if lines.is_empty() {
        lines = text_lines(&violation.live, ("folded", folded));
    }

    lines.push("Change the state only in `apply`, because only its events are stored".to_owned());
    lines
}

/// Shows what differs after a round trip, and a hint.
fn round_trip_lines(violation: &InvariantViolation, deserialized: &str) -> Vec<String> {
    let has_same_json = violation.json.as_ref().is_some_and(|(live, restored)| {
        matches!(
            (live.to_json(), restored.to_json()),
            (Ok(live), Ok(restored)) if has_same_leaves(&live, &restored)
        )
    });
    let hint = if has_same_json {
        "What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it"
    } else {
        "`Serialize` and `Deserialize` do not match"
    };

    let mut lines = text_lines(&violation.live, ("deserialized", deserialized));
    lines.push(hint.to_owned());
    lines
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

/// Shows the lines in which the texts of two values differ. The second one has a title.
fn text_lines(live: &str, (title, restored): (&str, &str)) -> Vec<String> {
    let mut texts = (lines_not_in(live, restored), lines_not_in(restored, live));
    if texts.0.is_empty() && texts.1.is_empty() {
        texts = (live.to_owned(), restored.to_owned());
    }

    let width = title.len().max("in memory".len());
    [("in memory", texts.0), (title, texts.1)]
        .map(|(title, text)| {
            let text = if text.is_empty() { "nothing" } else { &text };
            format!("{title:<width$}  {}", indent(text, width + 2))
        })
        .to_vec()
}

/// Returns the lines of `text` that `other` does not have, wherever they stand.
///
/// The order is ignored because two equal hash maps may print their entries in another order.
fn lines_not_in(text: &str, other: &str) -> String {
    let mut others: Vec<&str> = other.lines().collect();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.retain(|line| {
        let same = others.iter().position(|other| other == line);
        same.map(|idx| others.swap_remove(idx)).is_none()
    });

    let indentation = lines
        .iter()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| &line[indentation..]).collect();
    lines.join("\n")
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
        Invariant::Fold => "an event-sourced aggregate equals the state folded from its events",
        _ => "a projection rebuilt from all events equals the stored one",
    };
    lines.push(format!(
        "If this is intended, say why: `.disable_invariant(flow_harness::Invariant::{invariant:?}, \"..\")`"
    ));

    let expected = format!("{requirement} (the invariant `{invariant}`)");
    Mismatch::new(expected, found).with_differences(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lines_leave_out_equal_lines_in_any_order() {
        let live = "{\n    \"a\": 1,\n    \"b\": 2,\n    note: Some(\n        7,\n    ),\n}";
        let restored = "{\n    \"b\": 2,\n    \"a\": 1,\n    note: None,\n}";

        assert_eq!(
            text_lines(live, ("folded", restored)),
            [
                "in memory  note: Some(\n               7,\n           ),",
                "folded     note: None,",
            ]
        );
    }

    #[test]
    fn text_lines_count_equal_lines() {
        let lines = text_lines("[\n    1,\n    1,\n]", ("folded", "[\n    1,\n]"));

        assert_eq!(lines, ["in memory  1,", "folded     nothing"]);
    }

    #[test]
    fn text_lines_show_all_lines_in_another_order() {
        let lines = text_lines("[\n    1,\n    2,\n]", ("folded", "[\n    2,\n    1,\n]"));

        assert_eq!(
            lines,
            [
                "in memory  [\n               1,\n               2,\n           ]",
                "folded     [\n               2,\n               1,\n           ]",
            ]
        );
    }
}
