use std::collections::BTreeSet;

use flow_domain::record::EntryKind;

use crate::{
    expect::Mismatch,
    outcome::{Outcome, StateQuery},
    value::first_few,
};

/// Returns the mismatch for a state that was not found. It lists the states that the run stored.
pub(super) fn nothing_found(query: &StateQuery, outcome: &Outcome) -> Mismatch {
    if !outcome.system().has_known_wiring() {
        let used = message_ids(outcome);
        let found = if used.is_empty() {
            "nothing with this id".to_owned()
        } else {
            let used = used.iter().map(|id| format!("{id:?}"));
            format!(
                "nothing with this id; the messages of the flow have only {}",
                first_few(used)
            )
        };
        return Mismatch::new(query.describe(), found);
    }

    let record = outcome.record();
    let type_name = query.state_type.name;
    // The ids that were ever stored, in the order of their first write.
    let mut stored: Vec<&str> = Vec::new();
    let mut is_deleted = false;

    for entry in record.entries() {
        let (id, exists) = match &entry.kind {
            EntryKind::StateChanged(change) if query.is_stored_in(change.table) => {
                (&*change.id, change.after.is_some())
            }
            // An event-sourced aggregate is stored as its events only.
            EntryKind::Appended(event)
                if query.stream_category == Some(event.stream().category()) =>
            {
                (event.stream().id(), true)
            }
            _ => continue,
        };

        if query.id.as_deref() == Some(id) {
            is_deleted = !exists;
        }
        if exists && !stored.contains(&id) {
            stored.push(id);
        }
    }

    let subject = match &query.id {
        Some(_) => "nothing with this id",
        None => "none",
    };
    let found = if is_deleted {
        format!("{subject}; the flow deleted it")
    } else if stored.is_empty() {
        format!("{subject}; the flow stored no {type_name}")
    } else {
        let stored = stored.iter().map(|id| format!("{type_name} {id:?}"));
        format!("{subject}; the flow stored only {}", first_few(stored))
    };

    Mismatch::new(query.describe(), found)
}

/// Returns the ids of all messages in the record.
fn message_ids(outcome: &Outcome) -> BTreeSet<&str> {
    let entries = outcome.record().entries().iter();
    let messages = entries.filter_map(|entry| match &entry.kind {
        EntryKind::CommandReceived(command) => Some(&command.metadata),
        EntryKind::Appended(event) => Some(event.metadata()),
        _ => None,
    });
    messages.map(|metadata| metadata.stream.id()).collect()
}
