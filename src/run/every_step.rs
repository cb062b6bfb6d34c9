use std::{panic::Location, sync::Arc};

use crate::{
    flow::{Mismatch, Plan},
    report::{Failed, FlowFailure},
    run::once::once,
    system::Mode,
    system::fault::{ArmedFaults, StepFault},
};

/// Runs a sentence once for each delivery with a fault there.
pub(super) async fn at_every_step(
    plan: &Plan<'_>,
    mode: Mode,
    (location, fault): (&'static Location<'static>, StepFault),
) -> Result<(), FlowFailure> {
    let counted = Arc::new(ArmedFaults::default());
    let outcome = once(plan, mode, Some(Arc::clone(&counted))).await?;
    let n_steps = counted.n_deliveries();
    if n_steps == 0 {
        let found = if mode == Mode::Sync {
            "`Mode::Sync` has no engine that delivers anything: `.mode(Mode::Engine)`"
        } else {
            "the engine delivered nothing after the first act"
        };
        let mismatch = Mismatch::new("deliveries at which a fault can happen", found);
        let last = plan.steps.len() - 1;
        let failed = Failed::new(last, location, mismatch);
        return Err(FlowFailure::new(outcome, vec![failed]));
    }
    for nth in 1..=n_steps {
        let faults = Arc::new(ArmedFaults::at_step(fault, nth));
        let run = once(plan, mode, Some(Arc::clone(&faults))).await;
        run.map_err(|failure| {
            let place = faults.where_it_happened();
            let place = place.unwrap_or_else(|| "nowhere".to_owned());
            failure.with_note(&format!(
                "with a fault at step {nth} of {n_steps}: {fault} {place}; without a fault it passes"
            ))
        })?;
    }
    Ok(())
}
