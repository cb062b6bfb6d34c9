use flow_domain::{
    record::{Ended, Entry, HandlerKind, Happening, TableKind, WrittenValue},
    runtime::StaleRow,
};

use crate::{
    expect::Seen,
    flow::Mismatch,
    report::Failed,
    run::{
        laws::text::{Writer, failed_again, stale},
        runner::Runner,
    },
};

impl Runner<'_, '_> {
    /// The projections that are not what all events make of them.
    ///
    /// Nothing is said of one whose projectors have not handled all events that there are.
    pub(super) async fn stale_projections(&self) -> Vec<Failed> {
        let projections = self.finished_projections();
        if projections.is_empty() || !self.outcome.left().is_quiet() {
            return Vec::new();
        }
        let last = self.plan.steps.len() - 1;
        let (rows, rebuilt) = match self.outcome.system().stale_rows(&projections).await {
            Ok(rebuilt) => rebuilt,
            Err(err) => {
                let found = err.with_causes().to_string();
                let mismatch = Mismatch::new("projections that can be rebuilt", found);
                return vec![self.fail(last, mismatch)];
            }
        };
        if !rebuilt.skipped.is_empty() {
            let failures = rebuilt.skipped.iter().map(ToString::to_string);
            let failures: Vec<String> = failures.collect();
            return vec![self.fail(last, failed_again(&failures))];
        }
        let mut failed = Vec::new();
        for name in projections {
            let mut rows = rows.iter().filter(|row| row.table.name == name);
            if let Some(first) = rows.next() {
                let others: Vec<&StaleRow> = rows.collect();
                let (step, writer) = self.writer_of(first);
                let mismatch = stale(first, writer.as_ref(), &others);
                failed.push(self.fail(step.unwrap_or(last), mismatch));
            }
        }
        failed
    }

    /// The projections that were written and whose projectors have handled everything.
    fn finished_projections(&self) -> Vec<&'static str> {
        let record = self.outcome.record();
        let (mut projections, mut unfinished) = (Vec::new(), Vec::new());
        for entry in record.entries() {
            if let Some(written) = row(entry) {
                if !projections.contains(&written.table.name) {
                    projections.push(written.table.name);
                }
            } else if let Some(projector) = self.has_left_something(entry) {
                unfinished.extend(self.outcome.system().projection_of(projector));
            }
        }
        projections.retain(|name| !unfinished.contains(name));
        projections
    }

    /// The projector that did not handle an event and is not tried again, if that is what happened.
    fn has_left_something(&self, entry: &Entry) -> Option<&'static str> {
        match &entry.what {
            Happening::HandlerEnded(Ended::Failed(_) | Ended::Rejected(_)) => {}
            Happening::GivenUp { handler, .. } => return Some(*handler),
            _ => return None,
        }
        let record = self.outcome.record();
        let started = entry.cause?;
        let is_tried_again = |effect: &Entry| matches!(effect.what, Happening::RetryAt(_));
        match record.entry(started).what {
            Happening::HandlerStarted {
                handler,
                kind: HandlerKind::Projector,
                ..
            } => (!record.effects(started).any(is_tried_again)).then_some(handler),
            _ => None,
        }
    }

    /// In which step a row was written last, and by whom.
    fn writer_of(&self, stale: &StaleRow) -> (Option<usize>, Option<Writer>) {
        let record = self.outcome.record();
        let mut entries = record.entries().iter().rev();
        let found = entries.find(|entry| {
            row(entry).is_some_and(|row| row.table == stale.table && row.id == stale.id)
        });
        let Some(entry) = found else {
            let writer = stale.rebuilt_by.map(|handler| Writer {
                handler,
                event: None,
                again: None,
            });
            return (None, writer);
        };
        let started = entry.cause.map(|cause| record.entry(cause));
        let writer = started.and_then(|started| {
            let Happening::HandlerStarted { handler, .. } = started.what else {
                return None;
            };
            let event = started
                .cause
                .and_then(|cause| match &record.entry(cause).what {
                    Happening::Appended(event) => Some(Seen::from(&*event.envelope).name),
                    _ => None,
                });
            let again = self.handled_again(handler);
            Some(Writer {
                handler,
                event,
                again,
            })
        });
        (Some(self.step_of(entry)), writer)
    }

    /// The first event that a handler handled more than once, and how often.
    fn handled_again(&self, wanted: &str) -> Option<(String, usize)> {
        let record = self.outcome.record();
        let is_handled = |entry: &&Entry| match entry.what {
            Happening::HandlerStarted { handler, .. } if handler == wanted => {
                let mut effects = record.effects(entry.id);
                effects.any(|effect| effect.what == Happening::HandlerEnded(Ended::Handled))
            }
            _ => false,
        };
        record.entries().iter().find_map(|entry| {
            let Happening::Appended(event) = &entry.what else {
                return None;
            };
            let n_handled = record.effects(entry.id).filter(is_handled).count();
            (1 < n_handled).then(|| (Seen::from(&*event.envelope).name, n_handled))
        })
    }
}

/// The row that was written or deleted, if that is what happened.
fn row(entry: &Entry) -> Option<&WrittenValue> {
    match &entry.what {
        Happening::Written(written) if written.table.kind == TableKind::Projection => Some(written),
        _ => None,
    }
}
