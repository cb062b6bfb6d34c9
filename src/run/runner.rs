use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use flow_domain::record::InvariantViolation;

use crate::{
    expect::{Claim, Mismatch, Subject, pending_mismatch, skipped_messages},
    outcome::{Outcome, Problem, ProblemId, ProblemKind},
    plan::{Plan, StepKind},
    report::StepMismatch,
    run::{problem_text::problem_text, progress::StepProgress},
    system::{
        SpawnedTasks, System,
        fault::{Fault, FaultInjector},
    },
};

/// The error of a run that cannot go on, or whose checks at the end failed.
///
/// [`Runner::failures`] has the reasons.
pub(super) struct Stop;

/// Runs the steps of one flow.
pub(super) struct Runner<'p, 't> {
    pub(super) plan: &'p Plan<'t>,
    pub(super) outcome: Box<Outcome>,
    pub(super) steps: StepProgress,
    pub(super) failures: Vec<StepMismatch>,
    /// The problems that a `then_*` step covers.
    pub(super) asserted: BTreeSet<ProblemId>,
    /// Whether a `then_*` step since the last act covers the pending messages.
    pub(super) has_asserted_pending: bool,
    /// `None` if the run needs no fault injector.
    pub(super) faults: Option<Arc<FaultInjector>>,
    /// The steps in which nothing can happen. They fail if the flow passes otherwise.
    pub(super) idle_steps: Vec<(usize, Mismatch)>,
    /// Whether a `then` step follows the last act.
    pub(super) has_checked: bool,
    /// What the `then` steps since the last act say about acts that change nothing.
    pub(super) claims: Vec<Claim>,
    /// What expectations read outside of the record, as it was before their acts, by step.
    pub(super) unrecorded_before: BTreeMap<usize, String>,
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
                self.end_checks();
                self.require_no_failures()?;
            }

            self.steps.mark_reached(idx);
            plan.watched.begin_step(step.location);

            match &step.kind {
                StepKind::Then(expectation) => self.check_then(idx, &**expectation).await,
                _ => self.run_step(idx).await?,
            }
        }

        self.end_checks();
        self.require_expectation_after_last_act();
        self.require_no_idle_steps();

        self.warn_of_unfinished_tasks();
        self.require_nothing_pending();
        self.require_faults_triggered();
        self.require_no_failures()
    }

    /// Ends the `then` steps about the acts before them, if there are any.
    fn end_checks(&mut self) {
        if self.has_checked {
            self.warn_of_idle_messages();
        }
    }

    /// Runs a step that is not an expectation.
    pub(super) async fn run_step(&mut self, idx: usize) -> Result<(), Stop> {
        let kind = &self.plan.steps[idx].kind;
        if let StepKind::Fault(fault) = kind {
            return self.activate_fault(idx, fault);
        }

        let n_entries = self.outcome.record().entries().len();
        self.steps.mark_start(idx, n_entries);
        if kind.is_act() {
            self.run_act(idx).await?;
        } else {
            self.run_given(idx).await?;
        }

        self.run_spawned_tasks(idx).await;
        Ok(())
    }

    /// Activates a fault for the rest of the run.
    fn activate_fault(&mut self, idx: usize, fault: &Arc<Fault>) -> Result<(), Stop> {
        let Some(faults) = &self.faults else {
            return Ok(());
        };

        let system = self.outcome.system();
        let components = system.component_names();
        if let Some(component) = fault.component()
            && !components.contains(&component)
        {
            let found = format!("the system has only {}", components.join(", "));
            let mismatch = Mismatch::new(format!("the component {component:?}"), found);
            return Err(self.fail_step(idx, mismatch));
        }

        let name_of = |handler| system.handler_name(handler);
        faults
            .activate(idx, fault, self.outcome.resources(), name_of)
            .map_err(|reason| {
                let mismatch = Mismatch::new(format!("a fault that can happen: {fault}"), reason);
                self.fail_step(idx, mismatch)
            })
    }

    /// Fails if no `then` step follows the last act: the flow then does not show what the act does.
    fn require_expectation_after_last_act(&mut self) {
        let plan = self.plan;
        if !plan.has_expectation() {
            let mismatch = Mismatch::new(
                "at least one `then` step",
                "none; a flow without an expectation always passes\n\
                 Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`",
            );
            self.failures.push(StepMismatch::at_end(plan, mismatch));
        } else if let Some(idx) = plan.last_act_without_expectation() {
            let mismatch = Mismatch::new(
                "a `then` step after the last act",
                "none; no step checks what this act does\n\
                 Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`",
            );
            self.add_failure(idx, mismatch);
        }
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
            let StepKind::Fault(fault) = &self.plan.steps[idx].kind else {
                continue;
            };

            let handler_type = fault.handler_type();
            if let Some(handler) =
                handler_type.and_then(|id| self.outcome.system().handler_name(id))
            {
                let skipped = skipped_messages(handler, &self.outcome);
                found.extend(skipped.iter().map(|line| format!("\nthe handler {line}")));
            }
            if self.outcome.is_inline() && fault.needs_engine() {
                found.push_str("\nthe fault needs an engine, and `Mode::Sync` has none");
            }
            if !self.plan.steps[idx..].iter().any(|step| step.kind.is_act()) {
                found.push_str("\nno act follows the fault: move the fault before the act");
            }

            let mismatch = Mismatch::new(format!("the fault happens: {fault}"), found);
            self.add_failure(idx, mismatch);
        }
    }

    /// Fails if messages are pending at the end and no `then_*` step covers them.
    fn require_nothing_pending(&mut self) {
        let remaining = self.outcome.remaining();
        if remaining.is_quiet() || self.has_asserted_pending || !self.failures.is_empty() {
            return;
        }

        let advice = "End the flow with `.when_engine_runs()` and an expectation. \
                      If the test expects pending messages, add `.then(expect::pending(..))`";
        let mismatch =
            pending_mismatch("nothing pending at the end of the flow", remaining, advice);
        self.failures
            .push(StepMismatch::at_end(self.plan, mismatch));
    }

    /// Stops the run if an expectation was not met, or if a problem was not covered.
    fn require_no_failures(&mut self) -> Result<(), Stop> {
        // A mismatch may show a problem, which is then not reported again.
        let shows = |failed: &StepMismatch, problem: &Problem<'_>| {
            failed.mismatch.shown_handlers().contains(&problem.handler)
        };
        let mut failures = mem::take(&mut self.failures);
        failures.sort_by_key(|failed| {
            !self
                .unasserted_problems()
                .any(|problem| shows(failed, &problem))
        });

        let system = self.outcome.system();
        let problems: Vec<StepMismatch> = self
            .unasserted_problems()
            .filter(|problem| !failures.iter().any(|failed| shows(failed, problem)))
            .map(|problem| {
                let idx = self.steps.step_of_act(problem.id.act_idx);
                StepMismatch::new(self.plan, idx, problem_mismatch(&problem, system))
            })
            .collect();

        // Problems come first. They are usually the reason why an expectation was not met.
        self.failures = problems;
        self.failures.append(&mut failures);

        if self.failures.is_empty() {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    /// Returns the problems of the last act that no `then_*` step covers.
    pub(super) fn unasserted_problems(&self) -> impl Iterator<Item = Problem<'_>> {
        self.outcome
            .problems()
            .filter(|problem| !self.asserted.contains(&problem.id))
    }

    /// Marks a step as failed. The run goes on.
    pub(super) fn add_failure(&mut self, idx: usize, mismatch: Mismatch) {
        self.steps.mark_failed(idx);
        self.failures
            .push(StepMismatch::new(self.plan, idx, mismatch));
    }

    /// Marks a step as failed, and stops the run.
    pub(super) fn fail_step(&mut self, idx: usize, mismatch: Mismatch) -> Stop {
        self.add_failure(idx, mismatch);
        Stop
    }
}

fn problem_mismatch(problem: &Problem<'_>, system: &dyn System) -> Mismatch {
    let expected = "no problem, or a `then` that covers it";
    // A rejection is a decision of the domain, not a failure of its handler.
    let handler = problem
        .handler
        .filter(|_| problem.kind != ProblemKind::Rejection);

    Mismatch::new(expected, problem_text(problem, system))
        .with_subject(Subject::Problem(handler))
        .showing_failures_of([problem.handler])
}
