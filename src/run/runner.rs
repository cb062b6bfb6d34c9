use std::{panic::Location, sync::Arc};

use flow_domain::record::InvariantViolation;

use crate::{
    diagnosis::Subject,
    expect::pending_lines,
    flow::{Mismatch, Plan, Step, StepKind},
    report::{StepMismatch, StepProgress},
    run::{Outcome, act_outcome::FailureIdx},
    system::{
        SpawnedTasks,
        fault::{Fault, FaultInjector, HandlerRef},
    },
};

/// The sentence cannot go on, or has failed at its end.
pub(super) struct Stop;

/// What the last act left behind that a `then` has to speak of.
pub(super) struct UnassertedProblem {
    pub(super) step: usize,
    pub(super) location: &'static Location<'static>,
    /// The handler that failed, and which failure of the act it is; `None` if the command was rejected.
    pub(super) failure: Option<(&'static str, FailureIdx)>,
    /// The name of the command or event that the act was.
    pub(super) act_name: String,
    /// Whether it failed because another writer was first.
    pub(super) is_conflict: bool,
    /// Why it was refused, or why the handler failed.
    pub(super) cause: String,
    pub(super) text: String,
}

impl UnassertedProblem {
    /// Returns true if this mismatch tells of it already, and who reads it need not be told twice.
    fn is_reported_by(&self, mismatch: &Mismatch) -> bool {
        let found = format!("{}\n{}", mismatch.found, mismatch.differences.join("\n"));
        let names_it = match self.failure {
            Some((handler, _)) if found.contains(handler) => true,
            Some((_, FailureIdx::Downstream(_))) => false,
            _ => found.contains(&self.act_name),
        };
        names_it && found.contains(&self.cause)
    }
}

pub(super) struct Runner<'p, 't> {
    pub(super) plan: &'p Plan<'t>,
    pub(super) outcome: Outcome,
    pub(super) steps: StepProgress,
    pub(super) failures: Vec<StepMismatch>,
    pub(super) problems: Vec<UnassertedProblem>,
    pub(super) has_acted: bool,
    /// Whether a `then` spoke of what waits, since the last act.
    pub(super) has_asserted_pending: bool,
    pub(super) faults: Option<Arc<FaultInjector>>,
    /// The places of the steps in which something happens, each with how many entries the record had
    /// before.
    pub(super) step_starts: Vec<(usize, usize)>,
    /// The laws that commands broke which were made from what was seen, with the places of the steps.
    pub(super) invariant_violations: Vec<(usize, InvariantViolation)>,
    pub(super) tasks: SpawnedTasks,
    /// How many panics in tasks were told.
    pub(super) n_reported_panics: usize,
}

impl Runner<'_, '_> {
    pub(super) async fn run_steps(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        for (idx, step) in plan.steps.iter().enumerate() {
            if step.kind.is_act() {
                self.require_no_failures()?;
            }

            self.steps.mark_reached(idx);
            self.mark_step_start(idx, step);
            match &step.kind {
                StepKind::Then(then) => {
                    self.check_then(idx, step, then).await;
                    continue;
                }
                StepKind::Fault(fault) => {
                    self.activate_fault(idx, step, fault)?;
                    continue;
                }
                kind if kind.is_act() => self.run_act(idx, step).await?,
                _ => self.run_given(idx, step).await?,
            }

            self.run_spawned_tasks(idx, step).await;
        }

        if !plan.has_expectation() {
            let last = plan.steps.len() - 1;
            let mismatch = Mismatch::new(
                "at least one `then`",
                "none: a sentence that expects nothing passes whatever happens.\n\
                 Say what is expected; `.then_settled()` if the point is that it ran and nothing went wrong",
            );

            self.failures
                .push(StepMismatch::new(last, plan.steps[last].location, mismatch));
        }

        self.warn_of_unfinished_tasks();
        self.require_nothing_pending();
        self.require_faults_triggered();

        self.require_no_failures()
    }

    /// Has a fault happen from here on.
    pub(super) fn activate_fault(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        fault: &Fault,
    ) -> Result<(), Stop> {
        let Some(faults) = &self.faults else {
            return Ok(());
        };

        let system = self.outcome.system();
        let name_of = |handler: HandlerRef| system.handler_name(handler.type_id?);
        let armed = faults.activate(idx, fault, self.outcome.resources(), name_of);

        armed.map_err(|wrong| {
            let mismatch = Mismatch::new(format!("a fault that can happen: {fault}"), wrong);
            self.fail_step(idx, step, mismatch)
        })
    }

    /// Fails if something was to go wrong and nothing did: such a sentence shows nothing.
    fn require_faults_triggered(&mut self) {
        let Some(faults) = &self.faults else { return };
        if !self.failures.is_empty() {
            return;
        }

        for (idx, mut found) in faults.shortfalls(self.outcome.resources()) {
            let step = &self.plan.steps[idx];
            let StepKind::Fault(fault) = &step.kind else {
                continue;
            };

            if self.outcome.is_inline() && fault.needs_engine() {
                found.push_str("\n`Mode::Sync` has no engine to which it could happen");
            }

            if !self.plan.steps[idx..].iter().any(|step| step.kind.is_act()) {
                found.push_str("\nno act comes after it: say it before the act");
            }

            self.steps.mark_failed(idx);
            let mismatch = Mismatch::new(format!("the fault happens: {fault}"), found);
            self.failures
                .push(StepMismatch::new(idx, step.location, mismatch));
        }
    }

    /// Fails if messages wait at the end and nobody spoke of it.
    fn require_nothing_pending(&mut self) {
        let left = self.outcome.remaining();
        if left.is_quiet() || self.has_asserted_pending || !self.failures.is_empty() {
            return;
        }

        let mut lines = pending_lines(left);
        lines.push(
            "End with `.when_engine_runs()` and what is expected then, or say `.then_pending(..)`"
                .to_owned(),
        );
        let mismatch = Mismatch::new("nothing waits at the end", lines.join("\n"));
        let mismatch = mismatch.with_subject(Subject::ReadWhilePending);
        let last = self.plan.steps.len() - 1;
        let location = self.plan.steps[last].location;

        self.failures
            .push(StepMismatch::new(last, location, mismatch));
    }

    /// Stops if an expectation was not met, or if no `then` spoke of what went wrong.
    fn require_no_failures(&mut self) -> Result<(), Stop> {
        let first = self.failures.first().map(StepMismatch::mismatch);
        self.problems
            .retain(|unspoken| !first.is_some_and(|first| unspoken.is_reported_by(first)));
        let troubles = self.problems.drain(..).map(|unspoken| {
            let expected = "nothing goes wrong that no `then` speaks of";
            let by = unspoken.failure.map(|(handler, _)| handler);
            let by = by.filter(|handler| *handler != "nobody");
            let mismatch =
                Mismatch::new(expected, unspoken.text).with_subject(Subject::Problem(by));
            StepMismatch::new(unspoken.step, unspoken.location, mismatch)
        });

        // What went wrong by itself is mostly why an expectation was not met: it comes first.
        self.failures.splice(0..0, troubles);
        if self.failures.is_empty() {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    pub(super) fn fail_step(&mut self, idx: usize, step: &Step<'_>, mismatch: Mismatch) -> Stop {
        self.steps.mark_failed(idx);
        self.failures
            .push(StepMismatch::new(idx, step.location, mismatch));
        Stop
    }
}
