use flow_domain::record::{EntryId, EntryKind, Invariant, Record, TableKind};

use crate::run::Warning;

/// The aggregates that changed in a unit of work that raised no event of theirs: whoever listens to them
/// does not hear of it.
pub(in crate::run) fn silent_changes(
    record: &Record,
    category_of: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for entry in record.entries() {
        let EntryKind::StateChanged(written) = &entry.kind else {
            continue;
        };

        // What is given was not changed by anybody.
        let Some(cause) = entry
            .cause
            .filter(|_| written.table.kind == TableKind::Aggregate)
        else {
            continue;
        };

        let unit = unit_of_work_start(cause, record);
        let name = written.table.name;
        let has_raised = record.entries()[unit.index()..].iter().any(|other| {
            let EntryKind::Appended(event) = &other.kind else {
                return false;
            };

            let stream = event.stream();
            let raised = other.cause.and_then(|raised| record.entry(raised).cause);

            stream.id() == &*written.id
                && category_of(name).is_none_or(|category| stream.category() == category)
                && raised.is_some_and(|started| unit_of_work_start(started, record) == unit)
        });

        if written.before == written.after || has_raised {
            continue;
        }

        let EntryKind::HandlerStarted { handler, .. } = record.entry(cause).kind else {
            continue;
        };

        let verb = match (&written.before, &written.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };

        let text = format!(
            "{handler} {verb} {name} {:?} and raised no event of it: whoever listens does not hear of it",
            written.id
        );
        let law = Invariant::SilentChange;
        let warning = Warning::of_invariant(law, text);

        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    warnings
}

/// The start of the handling in whose unit of work another one is: a command that a handler processes is
/// handled in that of the handler.
fn unit_of_work_start(started: EntryId, record: &Record) -> EntryId {
    let mut unit = started;
    loop {
        let outer = record
            .entry(unit)
            .cause
            .map(|cause| record.entry(cause))
            .filter(|one| is_processed_inline(&one.kind));

        match outer.and_then(|one| one.cause) {
            Some(outer) => unit = outer,
            None => return unit,
        }
    }
}

/// Returns true for a command that is handled by whoever issues it; others are handled later.
fn is_processed_inline(what: &EntryKind) -> bool {
    use flow_domain::message::Processing;
    match what {
        EntryKind::CommandReceived(command) => command.metadata.processing == Processing::Sync,
        _ => false,
    }
}
