use flow_domain::{
    record::{Entry, EntryKind, HandlerKind, HandlerOutcome, StateChange, TableKind},
    testing::StaleRow,
};

use crate::{
    expect::Mismatch,
    report::StepMismatch,
    run::{
        invariants::mismatch_text::{RowWriter, rebuild_failure_mismatch, stale_rows_mismatch},
        runner::Runner,
    },
};

impl Runner<'_, '_> {
    /// Rebuilds the projections from all events, and returns a failure for each one that differs.
    ///
    /// A projection is skipped if its projectors have not handled all events.
    pub(super) async fn stale_projection_failures(&self) -> Vec<StepMismatch> {
        let projections = self.caught_up_projections();
        if projections.is_empty() || !self.outcome.remaining().is_quiet() {
            return Vec::new();
        }

        let (rows, report) = match self.outcome.system().stale_rows(&projections).await {
            Ok(rows_and_report) => rows_and_report,
            // A store that fails has failed the flow already.
            Err(_) if !self.failures.is_empty() => return Vec::new(),
            Err(err) => {
                let found = err.with_causes().to_string();
                let mismatch = Mismatch::new("projections that can be rebuilt", found);
                return vec![StepMismatch::at_end(self.plan, mismatch)];
            }
        };

        if !report.skipped.is_empty() {
            let failures: Vec<String> = report.skipped.iter().map(ToString::to_string).collect();
            return vec![StepMismatch::at_end(
                self.plan,
                rebuild_failure_mismatch(failures),
            )];
        }

        let mut failures = Vec::new();
        for name in projections {
            let mut own_rows = rows.iter().filter(|row| row.table.name == name);
            if let Some(first) = own_rows.next() {
                let others: Vec<&StaleRow> = own_rows.collect();
                let (step, writer) = self.last_writer(first);
                let mismatch = stale_rows_mismatch(first, writer.as_ref(), &others);
                failures.push(match step {
                    Some(step) => StepMismatch::new(self.plan, step, mismatch),
                    None => StepMismatch::at_end(self.plan, mismatch),
                });
            }
        }

        failures
    }

    /// Returns the projections with rows in the record, if their projectors handled all events.
    fn caught_up_projections(&self) -> Vec<&'static str> {
        let record = self.outcome.record();
        let (mut projections, mut unfinished) = (Vec::new(), Vec::new());
        for entry in record.entries() {
            if let Some(row) = written_row(entry) {
                if !projections.contains(&row.table.name) {
                    projections.push(row.table.name);
                }
            } else if let Some(projector) = self.failed_projector(entry) {
                unfinished.extend(self.outcome.system().projection_of(projector));
            }
        }

        projections.retain(|name| !unfinished.contains(name));
        projections
    }

    /// Returns the projector that failed at this entry and will not be retried, if there is one.
    fn failed_projector(&self, entry: &Entry) -> Option<&'static str> {
        match &entry.kind {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(_) | HandlerOutcome::Rejected(_)) => {}
            EntryKind::RetriesExhausted { handler, .. } => return *handler,
            _ => return None,
        }

        let record = self.outcome.record();
        let started = entry.cause?;
        let is_retried = |effect: &Entry| matches!(effect.kind, EntryKind::RetryScheduled(_));
        match record.entry(started).kind {
            EntryKind::HandlerStarted {
                handler,
                kind: HandlerKind::Projector,
                ..
            } => (!record.effects(started).any(is_retried)).then_some(handler),
            _ => None,
        }
    }

    /// Returns the step in which a row was written last, and its writer.
    ///
    /// A row that only the rebuild wrote has no step.
    fn last_writer(&self, stale: &StaleRow) -> (Option<usize>, Option<RowWriter>) {
        let record = self.outcome.record();
        let last_write = record.entries().iter().rev().find(|entry| {
            written_row(entry).is_some_and(|row| row.table == stale.table && row.id == stale.id)
        });
        let Some(entry) = last_write else {
            let writer = stale.rebuilt_by.map(|handler| RowWriter {
                handler,
                event: None,
                repeated_event: None,
            });
            return (None, writer);
        };

        let started = entry.cause.map(|cause| record.entry(cause));
        let writer = started.and_then(|started| {
            let EntryKind::HandlerStarted { handler, .. } = started.kind else {
                return None;
            };
            let event = started
                .cause
                .and_then(|cause| match &record.entry(cause).kind {
                    EntryKind::Appended(event) => {
                        Some(record.labels().label_of_envelope(&event.envelope))
                    }
                    _ => None,
                });

            Some(RowWriter {
                handler,
                event,
                repeated_event: self.first_repeated_event(handler),
            })
        });

        (Some(self.steps.step_of_entry(entry.id.index())), writer)
    }

    /// Returns the first event that a handler handled more than once, and the number of times.
    fn first_repeated_event(&self, handler: &str) -> Option<(String, usize)> {
        let record = self.outcome.record();
        let is_handled = |entry: &&Entry| match entry.kind {
            EntryKind::HandlerStarted {
                handler: called, ..
            } if called == handler => record
                .effects(entry.id)
                .any(|effect| effect.kind == EntryKind::HandlerEnded(HandlerOutcome::Handled)),
            _ => false,
        };

        record.entries().iter().find_map(|entry| {
            let EntryKind::Appended(event) = &entry.kind else {
                return None;
            };
            let n_handled = record.effects(entry.id).filter(is_handled).count();
            let label = || record.labels().label_of_envelope(&event.envelope);
            (1 < n_handled).then(|| (label(), n_handled))
        })
    }
}

/// Returns the projection row that was written or deleted at this entry, if one was.
fn written_row(entry: &Entry) -> Option<&StateChange> {
    match &entry.kind {
        EntryKind::StateChanged(change) if change.table.kind == TableKind::Projection => {
            Some(change)
        }
        _ => None,
    }
}
