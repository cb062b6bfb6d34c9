use flow_domain::record::{
    EntryId, EntryKind, FailureKind, HandlerOutcome, Invariant, InvariantViolation,
};

use crate::{
    expect::Subject,
    report::StepMismatch,
    run::{
        invariants::mismatch_text::violation_mismatch,
        runner::{Runner, Stop},
    },
};

/// A violated invariant, and where it happened.
struct Violation<'a> {
    /// The index of the step in which it happened.
    step: usize,
    details: &'a InvariantViolation,
    /// The handler that wrote the value, with the entry at which its call began.
    handler: Option<(EntryId, &'static str)>,
}

impl Runner<'_, '_> {
    /// Checks the invariants of the run.
    ///
    /// Violations are reported before other failures, because they are usually the cause of those.
    pub(in crate::run) async fn check_invariants(
        &mut self,
        result: Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut failures = self.violation_failures();
        if failures.is_empty() && self.plan.invariants.has(Invariant::Rebuild) {
            failures = self.stale_projection_failures().await;
        }
        if failures.is_empty() {
            self.warn_of_idle_disabling().await;
            return result;
        }

        self.failures.splice(0..0, failures);
        Err(Stop)
    }

    /// Returns a failure for each violation, by values of the test or of handlers.
    fn violation_failures(&self) -> Vec<StepMismatch> {
        let violations: Vec<Violation<'_>> = self
            .violations_of_test()
            .chain(self.violations_of_handlers())
            .collect();
        // A value that changes in a round trip usually breaks the fold as well. Only the round trip
        // is reported then.
        let breaks_round_trip = violations
            .iter()
            .any(|violation| violation.details.invariant == Invariant::RoundTrip);

        let mut reported = Vec::new();
        let mut failures = Vec::new();
        for Violation {
            step,
            details,
            handler,
        } in violations
        {
            // A retry repeats the same violation.
            let same = (details, handler.map(|(_, name)| name));
            if reported.contains(&same)
                || self.is_reported_by_handler(details)
                || breaks_round_trip && details.invariant == Invariant::Fold
            {
                continue;
            }
            reported.push(same);

            let mismatch = match handler {
                Some((started, handler)) => {
                    violation_mismatch(details, &format!("written by {handler}"))
                        .with_subject(Subject::Invariant(details.invariant, started))
                }
                None => violation_mismatch(details, "from the test flow"),
            };
            failures.push(StepMismatch::new(self.plan, step, mismatch));
        }

        failures
    }

    /// Returns the violations of messages and aggregates that the test itself contains or builds.
    fn violations_of_test(&self) -> impl Iterator<Item = Violation<'_>> {
        let invariants = self.plan.invariants;
        self.plan
            .invariant_violations
            .iter()
            .chain(&self.invariant_violations)
            .filter(move |(_, details)| invariants.has(details.invariant))
            .map(|(step, details)| Violation {
                step: *step,
                details,
                handler: None,
            })
    }

    /// Returns the violations in the record, by values that were written during the run.
    fn violations_of_handlers(&self) -> impl Iterator<Item = Violation<'_>> {
        let (invariants, record) = (self.plan.invariants, self.outcome.record());
        record.entries().iter().filter_map(move |entry| {
            let EntryKind::InvariantViolated(details) = &entry.kind else {
                return None;
            };
            if !invariants.has(details.invariant) {
                return None;
            }

            let started = entry.cause.map(|cause| &record.entry(cause).kind);
            let handler = match started {
                Some(EntryKind::HandlerStarted { handler, .. }) => entry.cause.zip(Some(*handler)),
                _ => None,
            };
            Some(Violation {
                step: self.steps.step_of_entry(entry.id.index()),
                details,
                handler,
            })
        })
    }

    /// Returns true if a handler failed because it could not decode the same type.
    ///
    /// That failure is reported anyway, or covered by a `then_*` step.
    fn is_reported_by_handler(&self, violation: &InvariantViolation) -> bool {
        let Some(type_name) = &violation.codec_type else {
            return false;
        };

        let mut entries = self.outcome.record().entries().iter();
        entries.any(|entry| match &entry.kind {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(rolled_back)) => {
                rolled_back.kind == FailureKind::Codec(type_name.clone())
            }
            _ => false,
        })
    }
}
