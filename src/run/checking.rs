use std::panic::Location;

use flow_domain::message::Payload;

use crate::{
    expect::read_too_early,
    flow::{Expectation, Look, Mismatch, Step, Then, Trouble, shown_rows},
    report::{Failed, nothing_found},
    run::{Warning, act::FailureIdx, before::shows_something, caught::caught, runner::Runner},
};

/// What is expected of a closure before it is looked at what it says.
const AN_ANSWER: &str = "the closure comes to an answer";

/// What is expected.
impl Runner<'_, '_> {
    pub(super) async fn then(&mut self, idx: usize, step: &Step<'_>, then: &Then<'_>) {
        if !self.outcome.left().is_quiet() {
            if then.allows_waiting() {
                self.has_spoken_of_waiting |= then.speaks_of_waiting();
            } else {
                let mismatch = read_too_early(&then.describe(), self.outcome.left());
                self.steps.failed(idx);
                self.failed.push(Failed::new(idx, step.location, mismatch));
                return;
            }
        }
        let checked = match then {
            Then::Of(expectation) => caught(AN_ANSWER, || {
                self.hear(&**expectation);
                expectation.check(&self.outcome)
            })
            .map_err(|mismatch| (step.location, mismatch)),
            Then::Handled(handled) => handled
                .check(&self.outcome)
                .map_err(|mismatch| (step.location, mismatch)),
            Then::DeadLetters(letters) => {
                self.hear(letters);
                letters
                    .check(&self.outcome)
                    .map_err(|mismatch| (step.location, mismatch))
            }
            Then::Kept(look) => self.look(step, look).await,
        };
        match checked {
            Ok(()) => self.warn(step, then),
            Err((location, mismatch)) => {
                self.steps.failed(idx);
                self.failed.push(Failed::new(idx, location, mismatch));
            }
        }
    }

    /// Keeps what an expectation that was met has to say all the same.
    fn warn(&mut self, step: &Step<'_>, then: &Then<'_>) {
        let Then::Of(expectation) = then else { return };
        if let Some(text) = expectation.warning(&self.outcome) {
            self.outcome.warn(Warning::of_step(step.location, text));
        }
    }

    /// Forgets the troubles that the expectation speaks of.
    fn hear(&mut self, expectation: &dyn Expectation) {
        let Some(spoken) = expectation.speaks_of() else {
            return;
        };
        let by = match spoken {
            Trouble::Rejection => {
                self.troubles.retain(|unspoken| unspoken.failed.is_some());
                return;
            }
            Trouble::FailureOf(handler) => match self.outcome.system().handler_name(handler) {
                Some(name) => Some(name),
                None => return,
            },
            Trouble::DeadLetter | Trouble::Expiry => None,
            Trouble::Waiting => return,
            Trouble::Overlap => {
                // A handler that broke is another thing than one that was second.
                self.troubles.retain(|unspoken| match unspoken.failed {
                    None => false,
                    Some((_, FailureIdx::Own)) => !unspoken.is_conflict,
                    Some((_, FailureIdx::Later(_))) => true,
                });
                return;
            }
        };
        // Troubles are those of the last act: an act with troubles that were not spoken of was the last.
        let act = self.outcome.last_act();
        self.troubles.retain(|unspoken| {
            let Some((failed, idx)) = unspoken.failed else {
                return true;
            };
            let is_meant = by.is_none_or(|name| name == failed);
            let failure = act.failure(idx).filter(|_| is_meant);
            !failure.is_some_and(|failure| {
                failure.is_expired() == (spoken == Trouble::Expiry)
                    && expectation.speaks_of_failure(failure)
            })
        });
    }

    async fn look(
        &self,
        step: &Step<'_>,
        look: &Look<'_>,
    ) -> Result<(), (&'static Location<'static>, Mismatch)> {
        let found = self
            .found(look)
            .await
            .map_err(|mismatch| (step.location, mismatch))?;
        let about = |mismatch: Mismatch| {
            let sought = look.sought(&found, &mismatch);
            mismatch.about(sought)
        };
        let wants_absence = look
            .checks
            .iter()
            .any(|(_, check)| check.word() == "absent");
        let is_bare = look.checks.is_empty();
        if found.is_empty() && (look.id.is_some() && !wants_absence || is_bare) {
            let mismatch = nothing_found(look, self.outcome.record());
            return Err((step.location, about(mismatch)));
        }
        for (location, check) in &look.checks {
            let checked = caught(AN_ANSWER, || Ok(check.check(&found, look, &self.outcome)));
            checked
                .map_err(|panic| panic.differing(shown_rows(&found)))
                .flatten()
                .map_err(|mismatch| (*location, about(mismatch)))?;
        }
        shows_something(&found, look, &self.outcome).map_err(|mismatch| (step.location, mismatch))
    }

    async fn found(&self, look: &Look<'_>) -> Result<Vec<Payload>, Mismatch> {
        let system = self.outcome.system();
        let found = match &look.id {
            Some(id) => system
                .look_up(look.kept, id)
                .await
                .map(|one| one.into_iter().collect()),
            None => system.look_up_all(look.kept).await,
        };
        found.map_err(|err| {
            let shown = err.with_causes().to_string();
            let mismatch = Mismatch::unreadable(look.subject(), shown, &err);
            // Something is there, and cannot be read.
            let sought = look.sought(&[Payload::from_json("null")], &mismatch);
            if err.is_setup() {
                mismatch
            } else {
                mismatch.about(sought)
            }
        })
    }
}
