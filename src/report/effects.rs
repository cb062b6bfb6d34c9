use flow_domain::record::{Entry, EntryId, EntryKind, HandlerOutcome, Record, TableKind};

use crate::report::rolled_back_by;

/// An index of what each entry of a record directly caused.
///
/// [`Record::effects`] searches the whole record, so it is too slow to call for every entry.
#[derive(Debug)]
pub(super) struct Effects<'r> {
    record: &'r Record,
    /// The effects of each entry, by the index of the entry.
    by_cause: Vec<Vec<EntryId>>,
}

impl<'r> Effects<'r> {
    pub(super) fn new(record: &'r Record) -> Self {
        let mut by_cause = vec![Vec::new(); record.entries().len()];
        for entry in record.entries() {
            if let Some(cause) = entry.cause {
                by_cause[cause.index()].push(entry.id);
            }
        }

        Self { record, by_cause }
    }

    /// Returns the direct effects of an entry, oldest first.
    pub(super) fn caused_by(&self, id: EntryId) -> impl Iterator<Item = &'r Entry> + use<'r> {
        let record = self.record;
        let ids = self.by_cause[id.index()].clone();

        ids.into_iter().map(move |id| record.entry(id))
    }

    /// Returns how a handler call ended, or what it changed.
    pub(super) fn outcome_text(&self, start_entry: &Entry) -> String {
        let mut changes = Vec::new();
        let mut not_found = Vec::new();
        let mut outcome_text = String::new();
        let mut caused_something = false;

        for effect in self.caused_by(start_entry.id) {
            match &effect.kind {
                // A row of the inbox says only that the message was handled.
                EntryKind::StateChanged(change) if change.table.kind == TableKind::Inbox => {}
                EntryKind::StateChanged(change) => {
                    let verb = match (&change.after, change.table.kind) {
                        (None, _) => "deleted",
                        (Some(_), TableKind::Projection) => "wrote",
                        (Some(_), _) => "stored",
                    };
                    changes.push(format!("{verb} {} {:?}", change.table.name, change.id));
                }
                EntryKind::InvariantViolated(violation) => {
                    changes.push(format!("violated the invariant `{}`", violation.invariant));
                }
                EntryKind::NotFound { table, id } => {
                    not_found.push(format!("found no {} {id:?}", table.name));
                }
                EntryKind::HandlerEnded(HandlerOutcome::Handled)
                    if rolled_back_by(effect, self.record).is_some() =>
                {
                    "rolled back".clone_into(&mut outcome_text);
                }
                EntryKind::HandlerEnded(outcome) => outcome_text = render_outcome(outcome),
                _ => caused_something = true,
            }
        }

        match outcome_text.as_str() {
            "handled" if !changes.is_empty() => changes.join(", "),
            // A `work.add(..)` may be missing in the handler, so the report says that nothing changed.
            "handled" if !caused_something => {
                not_found.insert(0, "handled, changed nothing".to_owned());
                not_found.join("; ")
            }
            _ => outcome_text,
        }
    }
}

/// Returns ` (attempt 2)` for the second attempt, and an empty text for the first.
pub(super) fn attempt_suffix(attempt: u32) -> String {
    match attempt {
        1 => String::new(),
        n => format!(" (attempt {n})"),
    }
}

fn render_outcome(outcome: &HandlerOutcome) -> String {
    match outcome {
        HandlerOutcome::Handled => "handled".to_owned(),
        HandlerOutcome::Filtered(reason) => format!("skipped: {reason}"),
        HandlerOutcome::Rejected(rejection) => format!("REJECTED: {}", rejection.reason),
        HandlerOutcome::Failed(failure) => format!("FAILED: {failure}"),
        other => other.to_string(),
    }
}
