use flow_domain::record::{Entry, EntryId, EntryKind, HandlerOutcome, Record, TableKind};

use crate::report::rolled_back_by;

/// What each entry of a record directly caused. The record itself is searched for it, which takes too
/// long to ask of every entry.
#[derive(Debug)]
pub(super) struct Effects<'r> {
    record: &'r Record,
    by_cause: Vec<Vec<EntryId>>,
}

impl<'r> Effects<'r> {
    pub(super) fn new(record: &'r Record) -> Self {
        let mut of = vec![Vec::new(); record.entries().len()];
        for entry in record.entries() {
            if let Some(cause) = entry.cause {
                of[cause.index()].push(entry.id);
            }
        }

        Self {
            record,
            by_cause: of,
        }
    }

    pub(super) fn caused_by(&self, id: EntryId) -> impl Iterator<Item = &'r Entry> + use<'r> {
        let record = self.record;
        let ids = self.by_cause[id.index()].clone();
        ids.into_iter().map(move |id| record.entry(id))
    }

    /// How a handling ended, with what it wrote.
    pub(super) fn outcome_text(&self, started: &Entry) -> String {
        let mut wrote = Vec::new();
        let mut missed = Vec::new();
        let mut ended = String::new();
        let mut caused_something = false;

        for effect in self.caused_by(started.id) {
            match &effect.kind {
                // That a message was handled is told already.
                EntryKind::StateChanged(written) if written.table.kind == TableKind::Inbox => {}
                EntryKind::StateChanged(written) => {
                    let verb = match (&written.after, written.table.kind) {
                        (None, _) => "deleted",
                        (Some(_), TableKind::Projection) => "wrote",
                        (Some(_), _) => "stored",
                    };
                    wrote.push(format!("{verb} {} {:?}", written.table.name, written.id));
                }
                EntryKind::InvariantViolated(broken) => {
                    wrote.push(format!("broke the law `{}`", broken.invariant));
                }
                EntryKind::NotFound { table, id } => {
                    missed.push(format!("found no {} {id:?}", table.name));
                }
                EntryKind::HandlerEnded(HandlerOutcome::Handled)
                    if rolled_back_by(effect, self.record).is_some() =>
                {
                    "rolled back".clone_into(&mut ended);
                }
                EntryKind::HandlerEnded(how) => ended = render_outcome(how),
                _ => caused_something = true,
            }
        }

        match ended.as_str() {
            "handled" if !wrote.is_empty() => wrote.join(", "),
            // A forgotten `work.add(..)` looks like this.
            "handled" if !caused_something => {
                missed.insert(0, "handled, changed nothing".to_owned());
                missed.join("; ")
            }
            _ => ended,
        }
    }
}

/// Says which attempt it was, if it was not the first.
pub(super) fn attempt_suffix(attempt: u32) -> String {
    match attempt {
        1 => String::new(),
        n => format!(" (attempt {n})"),
    }
}

fn render_outcome(ended: &HandlerOutcome) -> String {
    match ended {
        HandlerOutcome::Handled => "handled".to_owned(),
        HandlerOutcome::Filtered(reason) => format!("let it go: {reason}"),
        HandlerOutcome::Rejected(undone) => format!("REJECTED: {}", undone.reason),
        HandlerOutcome::Failed(undone) => format!("FAILED: {undone}"),
        other => other.to_string(),
    }
}
