use flow_domain::record::{
    Entry, EntryKind, HandlerOutcome, Invariant, InvariantSet, InvariantViolation,
};

use crate::{
    diagnosis::Subject,
    flow::{Mismatch, Step, StepKind},
    report::StepMismatch,
    run::{
        invariants::mismatch_text::violation_mismatch,
        runner::{Runner, Stop},
    },
};

impl Runner<'_, '_> {
    /// Remembers where in the record a step begins in which something happens.
    pub(in crate::run) fn mark_step_start(&mut self, idx: usize, step: &Step<'_>) {
        let happens = !matches!(step.kind, StepKind::Then(_) | StepKind::Fault(_));
        if happens && self.plan.invariants != InvariantSet::NONE {
            let n_entries = self.outcome.record().entries().len();
            self.step_starts.push((idx, n_entries));
        }
    }

    /// Fails a sentence that broke a law which is looked after. This comes first: what else failed did
    /// so because of it, mostly.
    pub(in crate::run) async fn check_invariants(
        &mut self,
        finished: Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.plan.invariants == InvariantSet::NONE {
            return finished;
        }

        let mut failed = self.violation_failures();
        if failed.is_empty() && self.plan.invariants.has(Invariant::Rebuild) {
            failed = self.stale_projection_failures().await;
        }

        if failed.is_empty() {
            return finished;
        }

        self.failures.splice(0..0, failed);
        Err(Stop)
    }

    /// The laws that were broken by what the sentence says, and by what handlers wrote.
    fn violation_failures(&self) -> Vec<StepMismatch> {
        let laws = self.plan.invariants;
        let said = self
            .plan
            .invariant_violations
            .iter()
            .chain(&self.invariant_violations);
        let said = said.filter(|(_, broken)| laws.has(broken.invariant));
        let said = said.map(|(step, one)| (*step, one, None));
        let record = self.outcome.record();
        let written = record.entries().iter().filter_map(|entry| {
            let EntryKind::InvariantViolated(one) = &entry.kind else {
                return None;
            };

            let started = entry.cause.map(|cause| &record.entry(cause).kind);
            let by = match started {
                Some(EntryKind::HandlerStarted { handler, .. }) => entry.cause.zip(Some(*handler)),
                _ => None,
            };

            Some((self.step_of(entry), &**one, by))
        });
        let mut told: Vec<Mismatch> = Vec::new();
        let mut failed = Vec::new();
        let all: Vec<_> = said.chain(written).collect();
        // What does not come back is mostly why an aggregate is not what its events make of it.
        let is_lost = all
            .iter()
            .any(|(_, one, _)| one.invariant == Invariant::RoundTrip);

        for (step, one, by) in all {
            if self.is_reported_by_handler(one) || is_lost && one.invariant == Invariant::Fold {
                continue;
            }

            let mismatch = match by {
                Some((started, handler)) => {
                    violation_mismatch(one, &format!("as {handler} wrote it"))
                        .with_subject(Subject::Invariant(one.invariant, started))
                }
                None => violation_mismatch(one, "as the sentence says it"),
            };

            // A message that is tried again breaks it again.
            if !told.contains(&mismatch) {
                told.push(mismatch.clone());
                failed.push(self.failure_at(step, mismatch));
            }
        }

        failed
    }

    pub(super) fn failure_at(&self, step: usize, mismatch: Mismatch) -> StepMismatch {
        StepMismatch::new(step, self.plan.steps[step].location, mismatch)
    }

    /// The step in which this happened.
    pub(super) fn step_of(&self, entry: &Entry) -> usize {
        self.step_starts
            .iter()
            .rev()
            .find(|(_, n_entries)| *n_entries <= entry.id.index())
            .map_or(0, |(step, _)| *step)
    }

    /// Returns true if a handler failed because it could not read it: that is told, or spoken of.
    fn is_reported_by_handler(&self, broken: &InvariantViolation) -> bool {
        let Err(reason) = &broken.restored else {
            return false;
        };

        self.outcome
            .record()
            .entries()
            .iter()
            .any(|entry| match &entry.kind {
                EntryKind::HandlerEnded(
                    HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone),
                ) => undone.reason.contains(reason),
                _ => false,
            })
    }
}
