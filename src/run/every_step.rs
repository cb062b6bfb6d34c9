use std::{panic::Location, sync::Arc};

use crate::{
    flow::{Mismatch, Plan},
    report::{FlowFailure, StepMismatch},
    run::single_run::run_once,
    system::Mode,
    system::fault::{FaultInjector, StepFault},
};

/// Runs a sentence once for each delivery with a fault there.
pub(super) async fn fault_at_every_step(
    plan: &Plan<'_>,
    mode: Mode,
    (location, fault): (&'static Location<'static>, StepFault),
) -> Result<(), FlowFailure> {
    let counted = Arc::new(FaultInjector::default());
    let outcome = run_once(plan, mode, Some(Arc::clone(&counted))).await?;
    let n_steps = counted.n_deliveries();

    if n_steps == 0 {
        let found = if mode == Mode::Sync {
            "`Mode::Sync` has no engine that delivers anything: `.mode(Mode::Engine)`"
        } else {
            "the engine delivered nothing after the first act"
        };
        let mismatch = Mismatch::new("deliveries at which a fault can happen", found);
        let last = plan.steps.len() - 1;
        let failed = StepMismatch::new(last, location, mismatch);

        return Err(FlowFailure::new(outcome, vec![failed]));
    }

    for nth in 1..=n_steps {
        let faults = Arc::new(FaultInjector::at_delivery(fault, nth));
        let run = run_once(plan, mode, Some(Arc::clone(&faults))).await;

        run.map_err(|failure| {
            let place = faults.injected_at();
            let place = place.unwrap_or_else(|| "nowhere".to_owned());
            failure.with_note(&format!(
                "with a fault at step {nth} of {n_steps}: {fault} {place}; without a fault it passes"
            ))
        })?;
    }

    Ok(())
}
