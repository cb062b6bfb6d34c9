use std::{pin::pin, sync::Arc};

use crate::{
    diagnosis::Subject,
    flow::{Plan, Setup, StepKind, Then},
    report::{FlowFailure, StepMismatch, StepProgress},
    run::{
        Outcome,
        later_step::find_later_step,
        logs::capture_logs,
        runner::{Runner, Stop},
    },
    system::fault::FaultInjector,
    system::{DomainSystem, Mode, SpawnedTasks, System, World},
};

/// Runs a sentence in a world of its own. `faults` happen besides those that it says itself.
pub(super) async fn run_once(
    plan: &Plan<'_>,
    mode: Mode,
    faults: Option<Arc<FaultInjector>>,
) -> Result<Outcome, FlowFailure> {
    let is_plain = faults.is_none();
    let mut runner = Runner::start(plan, mode, faults)?;
    let logs = Arc::clone(runner.outcome.shared_logs());
    let finished = capture_logs(logs, pin!(runner.run_steps())).await;
    let finished = runner.check_invariants(finished).await;
    let Runner {
        mut outcome,
        steps,
        failures: failed,
        ..
    } = runner;

    outcome.set_story(steps.into_story(plan));
    match finished {
        Ok(()) => Ok(outcome),
        Err(Stop) if is_plain => Err(Box::pin(explain_failure(plan, mode, outcome, failed)).await),
        Err(Stop) => Err(FlowFailure::new(outcome, failed)),
    }
}

/// A failure, with what a look at the rest of the sentence tells of it.
async fn explain_failure(
    plan: &Plan<'_>,
    mode: Mode,
    outcome: Outcome,
    failed: Vec<StepMismatch>,
) -> FlowFailure {
    let first = failed.first().filter(|failed| may_hold_later(plan, failed));
    let first = first.map(StepMismatch::step);
    let failure = FlowFailure::new(outcome, failed);
    let went_wrong = failure
        .diagnosis()
        .is_some_and(|why| why.cause.is_independent_failure());
    let Some(first) = first.filter(|_| !went_wrong) else {
        return failure;
    };

    match find_later_step(plan, mode, first).await {
        Some(step) => failure.with_later_step(step),
        None => failure,
    }
}

/// Whether an expectation is about all acts so far, so that it may be met by a later one. What is said of
/// the last act is another thing after each.
fn may_hold_later(plan: &Plan<'_>, failed: &StepMismatch) -> bool {
    let is_of_all_acts = matches!(
        failed.mismatch().subject(),
        Some(
            Subject::State(_)
                | Subject::Message { .. }
                | Subject::Handled(_)
                | Subject::HandlerFailure(_)
                | Subject::ScheduledCommand(_)
                | Subject::EngineFeature { .. }
                | Subject::ReadWhilePending
        )
    );

    let is_of_last_act = match &plan.steps[failed.step()].kind {
        StepKind::Then(Then::State(look)) => look
            .checks
            .iter()
            .any(|(_, check)| check.method() == "unchanged"),
        StepKind::Then(Then::Expectation(expectation)) => expectation.is_about_last_act(),
        _ => false,
    };

    is_of_all_acts && !is_of_last_act
}

impl<'p, 't> Runner<'p, 't> {
    /// Starts a world of its own for a sentence.
    pub(super) fn start(
        plan: &'p Plan<'t>,
        mode: Mode,
        faults: Option<Arc<FaultInjector>>,
    ) -> Result<Self, FlowFailure> {
        let setup: &Arc<Setup> = &plan.setup;
        let resources = setup.make_resources();
        let domain = match setup.build_domain(&resources) {
            Ok(domain) => domain,
            Err(errors) => return Err(FlowFailure::of_wiring(plan, &errors)),
        };
        let faults = faults.or_else(|| plan.needs_fault_injector().then(Arc::default));
        let system: Box<dyn System> = Box::new(DomainSystem::start(World {
            domain,
            mode,
            budget: setup.budget,
            is_paused: setup.is_paused,
            invariants: plan.invariants,
            rebuild_domain: setup.rebuild_fn(mode, &resources),
            faults: faults.clone(),
        }));

        Ok(Self {
            plan,
            outcome: Outcome::new(system, resources, plan),
            steps: StepProgress::default(),
            failures: Vec::new(),
            problems: Vec::new(),
            has_acted: false,
            has_asserted_pending: false,
            step_starts: Vec::new(),
            invariant_violations: Vec::new(),
            faults,
            tasks: SpawnedTasks::watch(),
            n_reported_panics: 0,
        })
    }
}
