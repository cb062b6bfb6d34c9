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
        self.has_checked = true;
        let checked = self.check_asserted(expectation).await;
        let warning =
            checked.and_then(|()| catch_closure(|| Ok(expectation.warning(&self.outcome))));

        match warning {
            Ok(warning) => {
                self.note_claim(expectation.claim(&self.outcome));
                let location = self.plan.steps[idx].location;
                let unchanged = self.warning_if_unchanged(idx, expectation);
                for text in warning.into_iter().chain(unchanged) {
                    self.outcome.warn(Warning::at_step(location, text));
                }
            }
            Err(mismatch) => self.add_failure(idx, mismatch),
        }
    }

    /// Notes what the `then` steps after this act read outside of the record, as it is before.
    pub(super) fn look_before_acts(&mut self, act_idx: usize) {
        let steps = self.plan.steps.iter().enumerate().skip(act_idx);
        let checks = steps
            .skip_while(|(_, step)| !step.kind.is_expectation())
            .take_while(|(_, step)| !step.kind.is_act());

        for (idx, step) in checks {
            if let StepKind::Then(expectation) = &step.kind
                && let Ok(Some(text)) = catch_closure(|| Ok(expectation.unrecorded(&self.outcome)))
            {
                self.unrecorded_before.insert(idx, text);
            }
        }
    }

    /// Returns the warning that no act changed what the step reads outside of the record.
    ///
    /// If the command of the act was rejected or failed, a test may expect just that.
    fn warning_if_unchanged(
        &mut self,
        idx: usize,
        expectation: &dyn Expectation,
    ) -> Option<String> {
        let before = self.unrecorded_before.remove(&idx)?;
        if self.outcome.is_last_act_refused() {
            return None;
        }

        // The closure of the test may panic for a fresh fake. Then the fresh fake does not meet it.
        let warning = || Ok(expectation.warning_if_unchanged(&before, &self.outcome));
        catch_closure(warning).ok().flatten()
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

        check_expectation(expectation, &self.outcome).await?;
        self.require_new_act(expectation).await
    }

    /// Requires that an act since the last `then` steps met an expectation that stays met.
    ///
    /// An act whose command was rejected or failed is exempt.
    async fn require_new_act(&mut self, expectation: &dyn Expectation) -> Result<(), Mismatch> {
        let outcome = &mut self.outcome;
        if !expectation.stays_met() || !outcome.has_checked_acts() || outcome.is_last_act_refused()
        {
            return Ok(());
        }

        let checked_acts = outcome.hide_checked_acts();
        let result = check_expectation(expectation, outcome).await;
        outcome.show_checked_acts(checked_acts);

        result.map_err(|_unmet| {
            let text = describe(expectation).render(outcome.record().labels());
            Mismatch::new(
                format!("{text}, because of an act after the last `then`"),
                "an earlier act did this, and a `then` follows that act: the step would pass without the acts since\n\
                 Move the step to the act that does it",
            )
        })
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
