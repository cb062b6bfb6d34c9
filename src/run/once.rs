use std::{pin::pin, sync::Arc};

use crate::{
    flow::{Plan, Setup, StepKind, Then},
    report::{Failed, FlowFailure, Steps},
    run::{
        Outcome,
        logs::listening,
        probe::holds_after,
        runner::{Runner, Stop},
    },
    system::fault::ArmedFaults,
    system::{DomainSystem, Mode, System, Tasks, World},
    why::Sought,
};

/// Runs a sentence in a world of its own. `faults` happen besides those that it says itself.
pub(super) async fn once(
    plan: &Plan<'_>,
    mode: Mode,
    faults: Option<Arc<ArmedFaults>>,
) -> Result<Outcome, FlowFailure> {
    let is_plain = faults.is_none();
    let mut runner = Runner::start(plan, mode, faults)?;
    let logs = Arc::clone(runner.outcome.log_book());
    let finished = listening(logs, pin!(runner.all_steps())).await;
    let finished = runner.keep_laws(finished).await;
    let Runner {
        mut outcome,
        steps,
        failed,
        ..
    } = runner;
    outcome.set_story(steps.story(plan));
    match finished {
        Ok(()) => Ok(outcome),
        Err(Stop) if is_plain => Err(Box::pin(explained(plan, mode, outcome, failed)).await),
        Err(Stop) => Err(FlowFailure::new(outcome, failed)),
    }
}

/// A failure, with what a look at the rest of the sentence tells of it.
async fn explained(
    plan: &Plan<'_>,
    mode: Mode,
    outcome: Outcome,
    failed: Vec<Failed>,
) -> FlowFailure {
    let first = failed.first().filter(|failed| may_be_early(plan, failed));
    let first = first.map(Failed::step);
    let failure = FlowFailure::new(outcome, failed);
    let went_wrong = failure.why().is_some_and(|why| why.verdict.went_wrong());
    let Some(first) = first.filter(|_| !went_wrong) else {
        return failure;
    };
    match holds_after(plan, mode, first).await {
        Some(step) => failure.asked_too_early(step),
        None => failure,
    }
}

/// Whether an expectation is about all acts so far, so that it may be met by a later one. What is said of
/// the last act is another thing after each.
fn may_be_early(plan: &Plan<'_>, failed: &Failed) -> bool {
    let is_of_all_acts = matches!(
        failed.mismatch().sought(),
        Some(
            Sought::Kept(_)
                | Sought::Message { .. }
                | Sought::Handled(_)
                | Sought::Failure(_)
                | Sought::Schedule(_)
                | Sought::OfEngine { .. }
                | Sought::ReadWhileWaiting
        )
    );
    let is_of_last_act = match &plan.steps[failed.step()].kind {
        StepKind::Then(Then::Kept(look)) => {
            let mut checks = look.checks.iter();
            checks.any(|(_, check)| check.word() == "unchanged")
        }
        StepKind::Then(Then::Of(expectation)) => expectation.is_of_last_act(),
        _ => false,
    };
    is_of_all_acts && !is_of_last_act
}

impl<'p, 't> Runner<'p, 't> {
    /// Starts a world of its own for a sentence.
    pub(super) fn start(
        plan: &'p Plan<'t>,
        mode: Mode,
        faults: Option<Arc<ArmedFaults>>,
    ) -> Result<Self, FlowFailure> {
        let setup: &Arc<Setup> = &plan.setup;
        let resources = setup.resources();
        let domain = match setup.domain(&resources) {
            Ok(domain) => domain,
            Err(errors) => return Err(FlowFailure::of_wiring(plan, &errors)),
        };
        let faults = faults.or_else(|| plan.has_faults().then(Arc::default));
        let system: Box<dyn System> = Box::new(DomainSystem::start(World {
            domain,
            mode,
            budget: setup.budget,
            is_paused: setup.is_paused,
            laws: plan.laws,
            rebuild: setup.rebuild(mode, &resources),
            faults: faults.clone(),
        }));
        Ok(Self {
            plan,
            outcome: Outcome::new(system, resources, plan),
            steps: Steps::default(),
            failed: Vec::new(),
            troubles: Vec::new(),
            has_acted: false,
            has_spoken_of_waiting: false,
            starts: Vec::new(),
            broken_laws: Vec::new(),
            faults,
            tasks: Tasks::watch(),
            n_task_panics: 0,
        })
    }
}
