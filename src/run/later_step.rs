use crate::{
    flow::{Plan, StepKind},
    run::runner::Runner,
    system::Mode,
};

/// Runs a sentence in another world to find the act after which an expectation holds that failed where
/// it stands: the place of the first such step, if there is one.
///
/// Whatever else is expected is passed over. The closures of the sentence, its handlers and fakes are
/// called once more for that, each in a world of its own.
pub(super) async fn find_later_step(plan: &Plan<'_>, mode: Mode, failed: usize) -> Option<usize> {
    let StepKind::Then(then) = &plan.steps[failed].kind else {
        return None;
    };

    if !plan.steps[failed..].iter().any(|step| step.kind.is_act()) {
        return None;
    }

    let mut runner = Runner::start(plan, mode, None).ok()?;
    for (idx, step) in plan.steps.iter().enumerate() {
        let done = match &step.kind {
            StepKind::Then(_) => Ok(()),
            StepKind::Fault(fault) => runner.activate_fault(idx, step, fault),
            kind if kind.is_act() => runner.run_act(idx, step).await,
            _ => runner.run_given(idx, step).await,
        };

        done.ok()?;
        if !matches!(step.kind, StepKind::Then(_) | StepKind::Fault(_)) {
            runner.run_spawned_tasks(idx, step).await;
            runner.failures.clear();
        }

        if failed < idx && step.kind.is_act() {
            runner.check_then(failed, &plan.steps[failed], then).await;
            if runner.failures.is_empty() {
                return Some(idx);
            }
            runner.failures.clear();
        }
    }

    None
}
