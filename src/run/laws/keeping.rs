use flow_domain::record::{BrokenLaw, Ended, Entry, Happening, Law, Laws};

use crate::{
    flow::{Mismatch, Step, StepKind},
    report::Failed,
    run::{
        laws::text::broken,
        runner::{Runner, Stop},
    },
    why::Sought,
};

impl Runner<'_, '_> {
    /// Remembers where in the record a step begins in which something happens.
    pub(in crate::run) fn begin_step(&mut self, idx: usize, step: &Step<'_>) {
        let happens = !matches!(step.kind, StepKind::Then(_) | StepKind::Fault(_));
        if happens && self.plan.laws != Laws::NONE {
            let n_entries = self.outcome.record().entries().len();
            self.starts.push((idx, n_entries));
        }
    }

    /// Fails a sentence that broke a law which is looked after. This comes first: what else failed did
    /// so because of it, mostly.
    pub(in crate::run) async fn keep_laws(
        &mut self,
        finished: Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.plan.laws == Laws::NONE {
            return finished;
        }
        let mut failed = self.broken_laws();
        if failed.is_empty() && self.plan.laws.has(Law::Rebuild) {
            failed = self.stale_projections().await;
        }
        if failed.is_empty() {
            return finished;
        }
        self.failed.splice(0..0, failed);
        Err(Stop)
    }

    /// The laws that were broken by what the sentence says, and by what handlers wrote.
    fn broken_laws(&self) -> Vec<Failed> {
        let laws = self.plan.laws;
        let said = self.plan.broken_laws.iter().chain(&self.broken_laws);
        let said = said.filter(|(_, broken)| laws.has(broken.law));
        let said = said.map(|(step, one)| (*step, one, None));
        let record = self.outcome.record();
        let written = record.entries().iter().filter_map(|entry| {
            let Happening::LawBroken(one) = &entry.what else {
                return None;
            };
            let started = entry.cause.map(|cause| &record.entry(cause).what);
            let by = match started {
                Some(Happening::HandlerStarted { handler, .. }) => entry.cause.zip(Some(*handler)),
                _ => None,
            };
            Some((self.step_of(entry), &**one, by))
        });
        let mut told: Vec<Mismatch> = Vec::new();
        let mut failed = Vec::new();
        let all: Vec<_> = said.chain(written).collect();
        // What does not come back is mostly why an aggregate is not what its events make of it.
        let is_lost = all.iter().any(|(_, one, _)| one.law == Law::RoundTrip);
        for (step, one, by) in all {
            if self.is_told_anyway(one) || is_lost && one.law == Law::Fold {
                continue;
            }
            let mismatch = match by {
                Some((started, handler)) => broken(one, &format!("as {handler} wrote it"))
                    .about(Sought::Law(one.law, started)),
                None => broken(one, "as the sentence says it"),
            };
            // A message that is tried again breaks it again.
            if !told.contains(&mismatch) {
                told.push(mismatch.clone());
                failed.push(self.fail(step, mismatch));
            }
        }
        failed
    }

    pub(super) fn fail(&self, step: usize, mismatch: Mismatch) -> Failed {
        Failed::new(step, self.plan.steps[step].location, mismatch)
    }

    /// The step in which this happened.
    pub(super) fn step_of(&self, entry: &Entry) -> usize {
        let began = self.starts.iter().rev();
        let mut before = began.filter(|(_, n_entries)| *n_entries <= entry.id.index());
        before.next().map_or(0, |(step, _)| *step)
    }

    /// Returns true if a handler failed because it could not read it: that is told, or spoken of.
    fn is_told_anyway(&self, broken: &BrokenLaw) -> bool {
        let Err(reason) = &broken.again else {
            return false;
        };
        let mut entries = self.outcome.record().entries().iter();
        entries.any(|entry| match &entry.what {
            Happening::HandlerEnded(Ended::Failed(undone) | Ended::Rejected(undone)) => {
                undone.reason.contains(reason)
            }
            _ => false,
        })
    }
}
