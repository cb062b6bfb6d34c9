use std::panic::Location;

use flow_domain::message::Payload;

use crate::{
    expect::read_while_pending,
    flow::{Expectation, Mismatch, Problem, StateQuery, Step, Then, render_rows},
    report::{StepMismatch, nothing_found},
    run::{
        Warning, act_outcome::FailureIdx, catch_closure::catch_closure, runner::Runner,
        unchanged::require_changed,
    },
};

/// The expected text of the mismatch, if a closure of the test panics.
const CLOSURE_RETURNS: &str = "the closure returns without a panic";

/// The `then_*` steps.
impl Runner<'_, '_> {
    /// Checks a `then_*` step. The run goes on if the step fails.
    pub(super) async fn check_then(&mut self, idx: usize, step: &Step<'_>, then: &Then<'_>) {
        if !self.outcome.remaining().is_quiet() {
            if then.allows_pending() {
                self.has_asserted_pending |= then.covers_pending();
            } else {
                let mismatch = read_while_pending(&then.describe(), self.outcome.remaining());
                self.steps.mark_failed(idx);
                self.failures
                    .push(StepMismatch::new(idx, step.location, mismatch));
                return;
            }
        }

        let result = match then {
            Then::Expectation(expectation) => catch_closure(CLOSURE_RETURNS, || {
                self.mark_asserted(&**expectation);
                expectation.check(&self.outcome)
            })
            .map_err(|mismatch| (step.location, mismatch)),
            Then::Handled(handled) => handled
                .check(&self.outcome)
                .map_err(|mismatch| (step.location, mismatch)),
            Then::DeadLetters(letters) => {
                self.mark_asserted(letters);
                letters
                    .check(&self.outcome)
                    .map_err(|mismatch| (step.location, mismatch))
            }
            Then::State(query) => self.check_state(step, query).await,
        };

        match result {
            Ok(()) => self.add_warning(step, then),
            Err((location, mismatch)) => {
                self.steps.mark_failed(idx);
                self.failures
                    .push(StepMismatch::new(idx, location, mismatch));
            }
        }
    }

    /// Adds the warning of an expectation that was met, if it has one.
    fn add_warning(&mut self, step: &Step<'_>, then: &Then<'_>) {
        let Then::Expectation(expectation) = then else {
            return;
        };

        if let Some(text) = expectation.warning(&self.outcome) {
            self.outcome.warn(Warning::at_step(step.location, text));
        }
    }

    /// Removes the problems that the expectation covers. They no longer fail the flow.
    fn mark_asserted(&mut self, expectation: &dyn Expectation) {
        let Some(covered) = expectation.covers() else {
            return;
        };

        let covered_handler = match covered {
            Problem::Rejection => {
                self.problems.retain(|problem| problem.failure.is_some());
                return;
            }
            Problem::HandlerFailure(handler) => match self.outcome.system().handler_name(handler) {
                Some(name) => Some(name),
                None => return,
            },
            Problem::DeadLetter | Problem::Expiry => None,
            Problem::PendingMessages => return,
            Problem::ConcurrentFailure => {
                // Concurrent commands may be rejected, or conflict. A handler that failed for any
                // other reason is still a problem.
                self.problems.retain(|problem| match problem.failure {
                    None => false,
                    Some((_, FailureIdx::Command)) => !problem.is_conflict,
                    Some((_, FailureIdx::Downstream(_))) => true,
                });
                return;
            }
        };

        // All problems belong to the last act: if any is left, the run stops before the next act.
        let act = self.outcome.last_act();
        self.problems.retain(|problem| {
            let Some((handler, idx)) = problem.failure else {
                return true;
            };
            if covered_handler.is_some_and(|covered_handler| Some(covered_handler) != handler) {
                return true;
            }

            // An expectation of an expiry covers only expired messages. Others never cover these.
            !act.failure(idx).is_some_and(|failure| {
                failure.is_expired() == (covered == Problem::Expiry)
                    && expectation.covers_failure(failure)
            })
        });
    }

    /// Reads the queried state and applies its checks.
    async fn check_state(
        &self,
        step: &Step<'_>,
        query: &StateQuery<'_>,
    ) -> Result<(), (&'static Location<'static>, Mismatch)> {
        let found = self
            .read_queried_state(query)
            .await
            .map_err(|mismatch| (step.location, mismatch))?;
        let with_subject = |mismatch: Mismatch| {
            let subject = query.failure_subject(&found, &mismatch);
            mismatch.with_subject(subject)
        };

        let expects_absence = query
            .checks
            .iter()
            .any(|(_, check)| check.method() == "absent");
        let has_no_checks = query.checks.is_empty();
        // Finding nothing is valid if `absent` is expected, or if the checks are about all rows.
        if found.is_empty() && (query.id.is_some() && !expects_absence || has_no_checks) {
            let mismatch = nothing_found(query, self.outcome.record());
            return Err((step.location, with_subject(mismatch)));
        }

        for (location, check) in &query.checks {
            let result = catch_closure(CLOSURE_RETURNS, || {
                Ok(check.check(&found, query, &self.outcome))
            });
            result
                .map_err(|panic| panic.with_differences(render_rows(&found)))
                .flatten()
                .map_err(|mismatch| (*location, with_subject(mismatch)))?;
        }

        require_changed(&found, query, &self.outcome).map_err(|mismatch| (step.location, mismatch))
    }

    /// Reads the state with the id of the query, or all rows if the query has no id.
    async fn read_queried_state(&self, query: &StateQuery<'_>) -> Result<Vec<Payload>, Mismatch> {
        let system = self.outcome.system();
        let found = match &query.id {
            Some(id) => system
                .read_state(query.state_type, id)
                .await
                .map(|state| state.into_iter().collect()),
            None => system.read_rows(query.state_type).await,
        };

        found.map_err(|err| {
            let found = err.with_causes().to_string();
            let mismatch = Mismatch::unreadable(query.describe(), found, &err);
            if err.is_setup() {
                return mismatch;
            }

            // A state exists but cannot be read. The `null` stands for it. With an empty list, the
            // subject would be a missing state.
            let subject = query.failure_subject(&[Payload::from_json("null")], &mismatch);
            mismatch.with_subject(subject)
        })
    }
}
