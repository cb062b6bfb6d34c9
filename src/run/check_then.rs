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

/// What is expected of a closure before it is looked at what it says.
const CLOSURE_RETURNS: &str = "the closure comes to an answer";

/// What is expected.
impl Runner<'_, '_> {
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

        let checked = match then {
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
            Then::State(look) => self.check_state(step, look).await,
        };

        match checked {
            Ok(()) => self.add_warning(step, then),
            Err((location, mismatch)) => {
                self.steps.mark_failed(idx);
                self.failures
                    .push(StepMismatch::new(idx, location, mismatch));
            }
        }
    }

    /// Keeps what an expectation that was met has to say all the same.
    fn add_warning(&mut self, step: &Step<'_>, then: &Then<'_>) {
        let Then::Expectation(expectation) = then else {
            return;
        };
        if let Some(text) = expectation.warning(&self.outcome) {
            self.outcome.warn(Warning::at_step(step.location, text));
        }
    }

    /// Forgets the troubles that the expectation speaks of.
    fn mark_asserted(&mut self, expectation: &dyn Expectation) {
        let Some(spoken) = expectation.covers() else {
            return;
        };

        let by = match spoken {
            Problem::Rejection => {
                self.problems.retain(|unspoken| unspoken.failure.is_some());
                return;
            }
            Problem::HandlerFailure(handler) => match self.outcome.system().handler_name(handler) {
                Some(name) => Some(name),
                None => return,
            },
            Problem::DeadLetter | Problem::Expiry => None,
            Problem::PendingMessages => return,
            Problem::ConcurrentFailure => {
                // A handler that broke is another thing than one that was second.
                self.problems.retain(|unspoken| match unspoken.failure {
                    None => false,
                    Some((_, FailureIdx::Command)) => !unspoken.is_conflict,
                    Some((_, FailureIdx::Downstream(_))) => true,
                });
                return;
            }
        };
        // Troubles are those of the last act: an act with troubles that were not spoken of was the last.
        let act = self.outcome.last_act();

        self.problems.retain(|unspoken| {
            let Some((failed, idx)) = unspoken.failure else {
                return true;
            };

            let is_meant = by.is_none_or(|name| name == failed);
            let failure = act.failure(idx).filter(|_| is_meant);

            !failure.is_some_and(|failure| {
                failure.is_expired() == (spoken == Problem::Expiry)
                    && expectation.covers_failure(failure)
            })
        });
    }

    async fn check_state(
        &self,
        step: &Step<'_>,
        look: &StateQuery<'_>,
    ) -> Result<(), (&'static Location<'static>, Mismatch)> {
        let found = self
            .read_queried_state(look)
            .await
            .map_err(|mismatch| (step.location, mismatch))?;
        let about = |mismatch: Mismatch| {
            let sought = look.failure_subject(&found, &mismatch);
            mismatch.with_subject(sought)
        };
        let wants_absence = look
            .checks
            .iter()
            .any(|(_, check)| check.method() == "absent");
        let is_bare = look.checks.is_empty();

        if found.is_empty() && (look.id.is_some() && !wants_absence || is_bare) {
            let mismatch = nothing_found(look, self.outcome.record());
            return Err((step.location, about(mismatch)));
        }

        for (location, check) in &look.checks {
            let checked = catch_closure(CLOSURE_RETURNS, || {
                Ok(check.check(&found, look, &self.outcome))
            });
            checked
                .map_err(|panic| panic.with_differences(render_rows(&found)))
                .flatten()
                .map_err(|mismatch| (*location, about(mismatch)))?;
        }

        require_changed(&found, look, &self.outcome).map_err(|mismatch| (step.location, mismatch))
    }

    async fn read_queried_state(&self, look: &StateQuery<'_>) -> Result<Vec<Payload>, Mismatch> {
        let system = self.outcome.system();
        let found = match &look.id {
            Some(id) => system
                .read_state(look.state_type, id)
                .await
                .map(|one| one.into_iter().collect()),
            None => system.read_rows(look.state_type).await,
        };

        found.map_err(|err| {
            let shown = err.with_causes().to_string();
            let mismatch = Mismatch::unreadable(look.describe(), shown, &err);
            // Something is there, and cannot be read.
            let sought = look.failure_subject(&[Payload::from_json("null")], &mismatch);

            if err.is_setup() {
                mismatch
            } else {
                mismatch.with_subject(sought)
            }
        })
    }
}
