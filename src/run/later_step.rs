use crate::{
    plan::{Plan, StepKind},
    run::runner::Runner,
    system::Mode,
};

/// Returns the index of the first later act after which the expectation of step `failed_idx` holds.
///
/// This runs the flow once more, with its own domain and resources. So the closures, handlers and
/// fakes of the flow are called again. Other expectations are skipped.
pub(super) async fn find_later_step(
    plan: &Plan<'_>,
    mode: Mode,
    failed_idx: usize,
) -> Option<usize> {
    let StepKind::Then(expectation) = &plan.steps[failed_idx].kind else {
        return None;
    };

    if !plan.steps[failed_idx..]
        .iter()
        .any(|step| step.kind.is_act())
    {
        return None;
    }

    let mut runner = Runner::start(plan, mode, None).ok()?;
    for (idx, step) in plan.steps.iter().enumerate() {
        let result = match &step.kind {
            StepKind::Then(_) => Ok(()),
            StepKind::Fault(fault) => runner.activate_fault(idx, step, fault),
            kind if kind.is_act() => runner.run_act(idx, step).await,
            _ => runner.run_given(idx, step).await,
        };

        result.ok()?;

        if !matches!(step.kind, StepKind::Then(_) | StepKind::Fault(_)) {
            runner.run_spawned_tasks(idx, step).await;
            runner.failures.clear();
        }

        if failed_idx < idx && step.kind.is_act() {
            runner
                .check_then(failed_idx, &plan.steps[failed_idx], &**expectation)
                .await;
            if runner.failures.is_empty() {
                return Some(idx);
            }
            runner.failures.clear();
        }
    }

    None
}
