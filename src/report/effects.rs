use flow_domain::record::{Entry, EntryId, EntryKind, HandlerOutcome, Record, TableKind};

use crate::report::rolled_back_by;

/// An index of what each entry of a record directly caused.
///
/// [`Record::effects`] searches the whole record, which takes too long for every entry.
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

    /// Returns how a handler call ended, with what it wrote.
    pub(super) fn outcome_text(&self, start_entry: &Entry) -> String {
        let mut wrote = Vec::new();
        let mut not_found = Vec::new();
        let mut outcome_text = String::new();
        let mut caused_something = false;

        for effect in self.caused_by(start_entry.id) {
            match &effect.kind {
                // The inbox only remembers that the message was handled.
                EntryKind::StateChanged(change) if change.table.kind == TableKind::Inbox => {}
                EntryKind::StateChanged(change) => {
                    let verb = match (&change.after, change.table.kind) {
                        (None, _) => "deleted",
                        (Some(_), TableKind::Projection) => "wrote",
                        (Some(_), _) => "stored",
                    };
                    wrote.push(format!("{verb} {} {:?}", change.table.name, change.id));
                }
                EntryKind::InvariantViolated(violation) => {
                    wrote.push(format!("violated the invariant `{}`", violation.invariant));
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
            "handled" if !wrote.is_empty() => wrote.join(", "),
            // The handler may lack a `work.add(..)`: the report shows that it did nothing.
            "handled" if !caused_something => {
                not_found.insert(0, "handled, changed nothing".to_owned());
                not_found.join("; ")
            }
            _ => outcome_text,
        }
    }
}

/// Returns the number of the attempt, if it is not the first.
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
