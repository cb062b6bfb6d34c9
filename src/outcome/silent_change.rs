use flow_domain::{
    message::Processing,
    record::{EntryId, EntryKind, Invariant, Record, StateChange, TableKind},
};

use crate::outcome::Warning;

/// Returns a warning for each aggregate that changed in a unit of work without raising an event.
///
/// Handlers that subscribe to the events of the aggregate do not learn of such a change.
pub(super) fn silent_changes(
    record: &Record,
    category_of: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut reported = Vec::new();
    for entry in record.entries() {
        let EntryKind::StateChanged(change) = &entry.kind else {
            continue;
        };
        // Given aggregates have no cause: no handler changed them.
        let Some(cause) = entry
            .cause
            .filter(|_| change.table.kind == TableKind::Aggregate)
        else {
            continue;
        };
        let name = change.table.name;
        let category = category_of(name);
        if change.before == change.after || has_raised_event(change, category, cause, record) {
            continue;
        }
        let EntryKind::HandlerStarted { handler, .. } = record.entry(cause).kind else {
            continue;
        };

        let verb = match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        // A later act may repeat the change.
        if reported.contains(&(handler, verb, &change.id, name)) {
            continue;
        }
        reported.push((handler, verb, &change.id, name));

        let text = format!(
            "{handler} {verb} {name} {:?} and raised no event, so no subscriber learns of the change",
            change.id
        );
        warnings.push(Warning::about_invariant(Invariant::SilentChange, text));
    }

    warnings
}

/// Returns true if the unit of work of a change also stored an event of the changed aggregate.
///
/// `started` is the entry at which the handler call began. If `category` is `None`, only the id of
/// the stream is compared.
fn has_raised_event(
    change: &StateChange,
    category: Option<&str>,
    started: EntryId,
    record: &Record,
) -> bool {
    let unit_start = unit_of_work_start(started, record);
    record.entries()[unit_start.index()..].iter().any(|other| {
        let EntryKind::Appended(event) = &other.kind else {
            return false;
        };

        let stream = event.stream();
        let raised_in = other.cause.and_then(|raised| record.entry(raised).cause);
        stream.id() == &*change.id
            && category.is_none_or(|category| stream.category() == category)
            && raised_in.is_some_and(|started| unit_of_work_start(started, record) == unit_start)
    })
}

/// Returns the start of the outermost handler call in the unit of work of the call `started`.
///
/// A command that is processed inline is part of the unit of work of the handler that issued it.
fn unit_of_work_start(started: EntryId, record: &Record) -> EntryId {
    let mut unit_start = started;
    loop {
        let outer = record
            .entry(unit_start)
            .cause
            .map(|cause| record.entry(cause))
            .filter(|message| is_processed_inline(&message.kind));
        match outer.and_then(|message| message.cause) {
            Some(outer) => unit_start = outer,
            None => return unit_start,
        }
    }
}

/// Returns true for a command that the issuing handler processes itself.
///
/// Other commands are handled later.
fn is_processed_inline(kind: &EntryKind) -> bool {
    match kind {
        EntryKind::CommandReceived(command) => command.metadata.processing == Processing::Sync,
        _ => false,
    }
}
