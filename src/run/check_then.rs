use crate::{
    expect::{Expectation, Mismatch, catch_closure, describe, pending_mismatch},
    outcome::Warning,
    plan::StepKind,
    run::{check_expectation::check_expectation, runner::Runner},
};

/// The `then_*` steps.
impl Runner<'_, '_> {
    /// Checks a `then_*` step. The run goes on if the step fails.
    pub(super) async fn check_then(&mut self, idx: usize, expectation: &dyn Expectation) {
        let checked = self.check_asserted(expectation).await;
        let warning =
            checked.and_then(|()| catch_closure(|| Ok(expectation.warning(&self.outcome))));

        match warning {
            Ok(warning) => {
                let location = self.plan.steps[idx].location;
                for text in warning
                    .into_iter()
                    .chain(self.take_warning_before_acts(idx))
                {
                    self.outcome.warn(Warning::at_step(location, text));
                }
            }
            Err(mismatch) => self.add_failure(idx, mismatch),
        }
    }

    /// Finds the expectations that are met before any act, and so may show nothing.
    pub(super) fn check_before_acts(&mut self) {
        for (idx, step) in self.plan.steps.iter().enumerate() {
            let StepKind::Then(expectation) = &step.kind else {
                continue;
            };

            // A closure may panic, because nothing has happened. The expectation is then not met.
            let warning = catch_closure(|| Ok(expectation.warning_before_acts(&self.outcome)));
            if let Ok(Some(text)) = warning {
                self.warnings_before_acts.insert(idx, text);
            }
        }
    }

    /// Returns the warning that a step is met before any act.
    ///
    /// After a rejection or a failure, a test may expect just that.
    fn take_warning_before_acts(&mut self, idx: usize) -> Option<String> {
        let has_problem = self.outcome.problems().next().is_some();
        self.warnings_before_acts
            .remove(&idx)
            .filter(|_| !has_problem)
    }

    async fn check_asserted(&mut self, expectation: &dyn Expectation) -> Result<(), Mismatch> {
        let remaining = self.outcome.remaining();
        if !remaining.is_quiet() && !expectation.allows_pending() {
            let expected = format!(
                "nothing pending when the test checks {}",
                describe(expectation).render(self.outcome.record().labels())
            );
            let advice = "Add `.when_engine_runs()` before this step. \
                          If the test expects pending messages, use `.then(expect::pending(..))` instead";
            return Err(pending_mismatch(&expected, remaining, advice));
        }

        self.has_asserted_pending |= expectation.expects_pending();
        self.mark_asserted(expectation)?;

        check_expectation(expectation, &self.outcome).await
    }

    /// Marks the problems that the expectation covers.
    fn mark_asserted(&mut self, expectation: &dyn Expectation) -> Result<(), Mismatch> {
        let outcome = &self.outcome;
        let covered = catch_closure(|| {
            let covered = outcome
                .problems()
                .filter(|problem| expectation.covers(problem, outcome));
            Ok(covered.map(|problem| problem.id).collect::<Vec<_>>())
        })?;

        self.asserted.extend(covered);
        Ok(())
    }
}
