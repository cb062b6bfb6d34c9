use flow_domain::{
    message::{Payload, Recorded},
    record::{Entry, EntryKind, StateChange},
};

use crate::{
    expect::{Mismatch, compare_json::require_equal},
    outcome::{Outcome, StateQuery},
    value::show_stored,
};

/// Requires that an act since the last `then` wrote the state that was found. Otherwise the step would
/// pass without these acts.
///
/// A write counts even if it stores an equal state again.
///
/// The requirement is waived if no change is expected:
///
/// * nothing was found
/// * the command of the last act was rejected or failed, so the test may check that it changed nothing
pub(super) fn require_changed(
    found: &[Payload],
    query: &StateQuery,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    if found.is_empty() || outcome.is_last_act_refused() {
        return Ok(());
    }
    if outcome.has_new_act_written(query) {
        return Ok(());
    }

    let expected = format!("{}, changed by an act", query.describe());
    let (subject, changed) = match query.id {
        Some(_) => ("the state is", "it"),
        None => ("the rows are", "any of them"),
    };
    Err(Mismatch::new(
        expected,
        met_before_text(subject, changed, outcome),
    ))
}

/// Returns the text that something was so before the acts since the last `then`.
pub(super) fn met_before_text(subject: &str, changed: &str, outcome: &Outcome) -> String {
    let (before, which, without) = if outcome.has_checked_acts() {
        ("the last `then`", "no act since", "the acts since")
    } else {
        ("the first act", "no act", "any act")
    };

    format!(
        "{subject} from before {before}, and {which} changed {changed}: the step would pass without {without}\n\
         If the test expects this, add `.unchanged()`"
    )
}

/// Requires that the last act left the queried state as it was before.
pub(super) fn require_unchanged(
    found: &[Payload],
    query: &StateQuery,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    match &query.stream_category {
        Some(_) => require_same_aggregate(found, query, outcome),
        None => require_same_rows(query, outcome),
    }
}

/// Returns the expected text for a state that should be as before.
fn as_before(text: &str) -> String {
    format!("{text}, as before the last act")
}

fn require_equal_to_before(subject: &str, before: &Payload, now: &Payload) -> Result<(), Mismatch> {
    require_equal(|| subject.to_owned(), before, now).map_err(|mut mismatch| {
        mismatch.expected = as_before(&mismatch.expected);
        mismatch
    })
}

/// Returns the mismatch of a state that did not exist before the last act.
fn appeared_mismatch(subject: &str, now: &Payload) -> Mismatch {
    let found = format!("{subject} {}", show_stored(now));
    Mismatch::new(as_before(&format!("no {subject}")), found)
}

/// Compares each row that the last act wrote with its value before the act.
fn require_same_rows(query: &StateQuery, outcome: &Outcome) -> Result<(), Mismatch> {
    let writes: Vec<&StateChange> = outcome
        .last_act_entries()
        .iter()
        .filter(|entry| query.is_written_by(entry))
        .filter_map(|entry| match &entry.kind {
            EntryKind::StateChanged(change) => Some(&**change),
            _ => None,
        })
        .collect();

    for (idx, first) in writes.iter().enumerate() {
        let is_same_row = |other: &&StateChange| other.id == first.id;
        if writes[..idx].iter().any(is_same_row) {
            continue;
        }

        let last = writes
            .iter()
            .rfind(|other| is_same_row(other))
            .unwrap_or(first);
        let subject = format!("{} {:?}", query.state_type.name, first.id);
        match (&first.before, &last.after) {
            (None, None) => {}
            (Some(before), Some(now)) => require_equal_to_before(&subject, before, now)?,
            (None, Some(now)) => return Err(appeared_mismatch(&subject, now)),
            (Some(before), None) => {
                let expected = as_before(&format!("{subject} {}", show_stored(before)));
                return Err(Mismatch::new(expected, "the last act deleted it"));
            }
        }
    }

    Ok(())
}

/// Compares an event-sourced aggregate with the fold of its events before the last act.
fn require_same_aggregate(
    found: &[Payload],
    query: &StateQuery,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    let own_event = |entry: &Entry| match &entry.kind {
        EntryKind::Appended(event) if query.is_written_by(entry) => Some(event.clone()),
        _ => None,
    };
    let Some(now) = found.first() else {
        return Ok(());
    };

    let n_before = outcome.n_before_last_act();
    let entries = &outcome.record().entries()[..n_before];
    let before: Vec<Recorded> = entries.iter().filter_map(own_event).collect();
    match outcome.system().fold(query.state_type, &before) {
        Some(before) => require_equal_to_before(&query.describe(), &before, now),
        None => Err(appeared_mismatch(&query.describe(), now)),
    }
}
