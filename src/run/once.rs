use std::{pin::pin, sync::Arc};

use crate::{
    flow::Plan,
    report::{FlowFailure, Steps},
    run::{
        Outcome,
        logs::listening,
        runner::{Runner, Stop},
    },
    system::fault::ArmedFaults,
    system::{DomainSystem, Mode, System, World},
};

/// Runs a sentence in a world of its own. `faults` happen besides those that it says itself.
pub(super) async fn once(
    plan: &Plan<'_>,
    mode: Mode,
    faults: Option<Arc<ArmedFaults>>,
) -> Result<Outcome, FlowFailure> {
    let resources = plan.setup.resources();
    let domain = match plan.setup.domain(&resources) {
        Ok(domain) => domain,
        Err(errors) => return Err(FlowFailure::of_wiring(plan, &errors)),
    };
    let faults = faults.or_else(|| plan.has_faults().then(Arc::default));
    let system: Box<dyn System> = Box::new(DomainSystem::start(World {
        domain,
        mode,
        budget: plan.setup.budget,
        is_paused: plan.setup.is_paused,
        rebuild: plan.setup.rebuild(mode, &resources),
        faults: faults.clone(),
    }));
    let mut runner = Runner {
        plan,
        outcome: Outcome::new(system, resources),
        steps: Steps::default(),
        failed: Vec::new(),
        troubles: Vec::new(),
        has_acted: false,
        has_spoken_of_waiting: false,
        faults,
    };
    let logs = Arc::clone(runner.outcome.log_book());
    let finished = listening(logs, pin!(runner.all_steps())).await;
    let Runner {
        mut outcome,
        steps,
        failed,
        ..
    } = runner;
    outcome.set_story(steps.story(plan));
    match finished {
        Ok(()) => Ok(outcome),
        Err(Stop) => Err(FlowFailure::new(outcome, failed)),
    }
}
