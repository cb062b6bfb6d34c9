use crate::{
    plan::{Plan, StepKind},
    run::{run_config::RunConfig, runner::Runner},
};

/// Returns the index of the first later act after which the expectation of step `failed_idx` holds.
///
/// This runs the flow once more, with its own domain and resources. So the closures, handlers and
/// fakes of the flow are called again. Other expectations are skipped.
pub(super) async fn find_later_step(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
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

    let mut runner = Runner::start(plan, config, None).await.ok()?;
    for (idx, step) in plan.steps.iter().enumerate() {
        if matches!(step.kind, StepKind::Then(_)) {
            continue;
        }

        plan.watched.begin_step(step.location);
        runner.run_step(idx).await.ok()?;
        runner.failures.clear();

        if failed_idx < idx && step.kind.is_act() {
            runner.check_then(failed_idx, &**expectation).await;
            if runner.failures.is_empty() {
                return Some(idx);
            }
        }
    }

    None
}
