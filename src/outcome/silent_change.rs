use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use flow_domain::{
    message::Processing,
    record::{EntryId, EntryKind, Invariant, Record, StateChange, TableKind},
};

use crate::outcome::Warning;

/// Returns a warning for each aggregate that changed in a unit of work without raising an event.
///
/// Handlers that subscribe to the events of the aggregate do not learn of such a change.
pub(crate) fn silent_changes(
    record: &Record,
    category_of: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Warning> {
    let raised = raised_events(record);
    let mut warnings = Vec::new();
    let mut reported = BTreeSet::new();
    for entry in record.entries() {
        // Given aggregates have no cause: no handler changed them.
        let (EntryKind::StateChanged(change), Some(cause)) = (&entry.kind, entry.cause) else {
            continue;
        };
        let EntryKind::HandlerStarted { handler, .. } = record.entry(cause).kind else {
            continue;
        };
        let name = change.table.name;
        if change.table.kind != TableKind::Aggregate
            || change.before == change.after
            || has_raised_event(
                change,
                category_of(name),
                unit_of_work_start(cause, record),
                &raised,
            )
        {
            continue;
        }

        let verb = match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        // A later act may repeat the change.
        if !reported.insert((handler, verb, &change.id, name)) {
            continue;
        }

        let text = format!(
            "{handler} {verb} {name} {:?} and raised no event, so no subscriber learns of the change",
            change.id
        );
        warnings.push(Warning::about_invariant(Invariant::SilentChange, text));
    }

    warnings
}

/// The categories of the events that a unit of work stored, by its start and the id of the stream.
type RaisedEvents<'r> = BTreeMap<(EntryId, &'r str), Vec<&'r str>>;

fn raised_events(record: &Record) -> RaisedEvents<'_> {
    let mut raised = RaisedEvents::new();
    for entry in record.entries() {
        let EntryKind::Appended(event) = &entry.kind else {
            continue;
        };
        let Some(started) = entry.cause.and_then(|raised| record.entry(raised).cause) else {
            continue;
        };

        let (stream, unit_start) = (event.stream(), unit_of_work_start(started, record));
        let categories = raised.entry((unit_start, stream.id())).or_default();
        if !categories.contains(&stream.category()) {
            categories.push(stream.category());
        }
    }

    raised
}

/// Returns true if the unit of work of a change also stored an event of the changed aggregate.
///
/// If `category` is `None`, only the id of the stream is compared.
fn has_raised_event(
    change: &StateChange,
    category: Option<&str>,
    unit_start: EntryId,
    raised: &RaisedEvents<'_>,
) -> bool {
    let categories = raised.get(&(unit_start, &*change.id));
    categories
        .is_some_and(|categories| category.is_none_or(|category| categories.contains(&category)))
}

/// Returns the start of the outermost handler call in the unit of work of the call `started`.
///
/// A command that is processed inline is part of the unit of work of the handler that issued it.
/// Other commands are handled later.
fn unit_of_work_start(started: EntryId, record: &Record) -> EntryId {
    let issuer_of = |started: &EntryId| {
        let message = record.entry(record.entry(*started).cause?);
        match &message.kind {
            EntryKind::CommandReceived(command)
                if command.metadata.processing == Processing::Sync =>
            {
                message.cause
            }
            _ => None,
        }
    };

    iter::successors(Some(started), issuer_of)
        .last()
        .unwrap_or(started)
}
