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

/// The error of a run that cannot go on, or whose checks at the end failed.
///
/// [`Runner::failures`] has the reasons.
pub(super) struct Stop;

/// A problem of the last act that no `then_*` step has covered yet.
///
/// The flow fails if no later step covers the problem.
pub(super) struct UnassertedProblem {
    /// The index of the step.
    pub(super) step: usize,
    pub(super) location: &'static Location<'static>,
    /// The handler that failed, if there is one, and the failure of the act. `None` if the command
    /// was rejected.
    pub(super) failure: Option<(Option<&'static str>, FailureIdx)>,
    /// The name of the act: its command or event.
    pub(super) act_name: String,
    /// Whether the act failed because another writer committed first.
    pub(super) is_conflict: bool,
    /// Why the command was rejected, or why the handler failed.
    pub(super) cause: String,
    /// The text that the report shows.
    pub(super) text: String,
}

impl UnassertedProblem {
    /// Returns true if this mismatch already reports the problem.
    fn is_reported_by(&self, mismatch: &Mismatch) -> bool {
        let found = format!("{}\n{}", mismatch.found, mismatch.differences.join("\n"));
        let has_name = match self.failure {
            Some((Some(handler), _)) if found.contains(handler) => true,
            Some((Some(_), FailureIdx::Downstream(_))) => false,
            // The cause names the command that has no handler.
            Some((None, FailureIdx::Downstream(_))) => true,
            _ => found.contains(&self.act_name),
        };

        has_name && found.contains(&self.cause)
    }
}

/// Runs the steps of one flow.
pub(super) struct Runner<'p, 't> {
    pub(super) plan: &'p Plan<'t>,
    pub(super) outcome: Outcome,
    pub(super) steps: StepProgress,
    pub(super) failures: Vec<StepMismatch>,
    pub(super) problems: Vec<UnassertedProblem>,
    /// Whether an act has begun.
    pub(super) has_acted: bool,
    /// Whether a `then_*` step since the last act covers the pending messages.
    pub(super) has_asserted_pending: bool,
    /// `None` if the run needs no fault injector.
    pub(super) faults: Option<Arc<FaultInjector>>,
    /// The index of each given step and act, and the number of entries before it in the record.
    pub(super) step_starts: Vec<(usize, usize)>,
    /// The violations of commands that were built during the run, with the indexes of their steps.
    pub(super) invariant_violations: Vec<(usize, InvariantViolation)>,
    pub(super) tasks: SpawnedTasks,
    /// The number of panics in spawned tasks that were reported.
    pub(super) n_reported_panics: usize,
}

impl Runner<'_, '_> {
    /// Runs all steps, and then the checks at the end of the flow.
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
                "at least one `then` step",
                "none; a flow without an expectation always passes\n\
                 Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`",
            );
            self.failures
                .push(StepMismatch::new(last, plan.steps[last].location, mismatch));
        }

        self.warn_of_unfinished_tasks();
        self.require_nothing_pending();
        self.require_faults_triggered();
        self.require_no_failures()
    }

    /// Activates a fault for the rest of the run.
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
        faults
            .activate(idx, fault, self.outcome.resources(), name_of)
            .map_err(|reason| {
                let mismatch = Mismatch::new(format!("a fault that can happen: {fault}"), reason);
                self.fail_step(idx, step, mismatch)
            })
    }

    /// Fails if a fault was not triggered, because the flow then does not show what the fault does.
    fn require_faults_triggered(&mut self) {
        let Some(faults) = &self.faults else {
            return;
        };
        if !self.failures.is_empty() {
            return;
        }

        for (idx, mut found) in faults.shortfalls(self.outcome.resources()) {
            let step = &self.plan.steps[idx];
            let StepKind::Fault(fault) = &step.kind else {
                continue;
            };

            if self.outcome.is_inline() && fault.needs_engine() {
                found.push_str("\nthe fault needs an engine, and `Mode::Sync` has none");
            }
            if !self.plan.steps[idx..].iter().any(|step| step.kind.is_act()) {
                found.push_str("\nno act follows the fault: move the fault before the act");
            }

            let mismatch = Mismatch::new(format!("the fault happens: {fault}"), found);
            self.steps.mark_failed(idx);
            self.failures
                .push(StepMismatch::new(idx, step.location, mismatch));
        }
    }

    /// Fails if messages are pending at the end and no `then_*` step covers them.
    fn require_nothing_pending(&mut self) {
        let remaining = self.outcome.remaining();
        if remaining.is_quiet() || self.has_asserted_pending || !self.failures.is_empty() {
            return;
        }

        let mut lines = pending_lines(remaining);
        lines.push(
            "End the flow with `.when_engine_runs()` and an expectation. \
             If the test expects pending messages, add `.then_pending(..)`"
                .to_owned(),
        );
        let mismatch = Mismatch::new("nothing pending at the end of the flow", lines.join("\n"))
            .with_subject(Subject::ReadWhilePending);

        let last = self.plan.steps.len() - 1;
        let location = self.plan.steps[last].location;
        self.failures
            .push(StepMismatch::new(last, location, mismatch));
    }

    /// Stops the run if an expectation was not met, or if a problem was not covered.
    fn require_no_failures(&mut self) -> Result<(), Stop> {
        // The report of the first mismatch may contain a problem, which is then not reported again.
        let first = self.failures.first().map(StepMismatch::mismatch);
        self.problems
            .retain(|problem| !first.is_some_and(|first| problem.is_reported_by(first)));
        let mismatches = self.problems.drain(..).map(|problem| {
            let expected = "no problem, or a `then` that covers it";
            let handler = problem.failure.and_then(|(handler, _)| handler);
            let mismatch =
                Mismatch::new(expected, problem.text).with_subject(Subject::Problem(handler));
            StepMismatch::new(problem.step, problem.location, mismatch)
        });

        // Problems come first. They are usually the reason why an expectation was not met.
        self.failures.splice(0..0, mismatches);

        if self.failures.is_empty() {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    /// Adds the mismatch of a step to the failures, and returns the error that stops the run.
    pub(super) fn fail_step(&mut self, idx: usize, step: &Step<'_>, mismatch: Mismatch) -> Stop {
        self.steps.mark_failed(idx);
        self.failures
            .push(StepMismatch::new(idx, step.location, mismatch));
        Stop
    }
}
