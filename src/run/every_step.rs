use std::{panic::Location, sync::Arc};

use flow_domain::record::Record;

use crate::{
    expect::Mismatch,
    plan::Plan,
    report::{FlowFailure, StepMismatch},
    run::{run_config::RunConfig, single_run::run_once},
    system::{
        Mode,
        fault::{FaultInjector, StepFault},
    },
};

/// How many budgets all runs may use together.
const MAX_BUDGETS: usize = 10;

/// Runs a flow once for each delivery, each time with a fault at that delivery.
///
/// A first run without a fault counts the deliveries.
pub(super) async fn fault_at_every_step(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
    (location, fault): (&'static Location<'static>, StepFault),
) -> Result<(), FlowFailure> {
    let counter = Arc::new(FaultInjector::default());
    let shared = if plan.setup.captures_values() {
        "\nthe function that builds the domain captures values, which all runs share: make fakes with `.resource(..)`"
    } else {
        ""
    };
    let counted = run_once(plan, config, Some(Arc::clone(&counter))).await;
    let outcome = counted.map_err(|failure| {
        let note = "in a second run, which counts the deliveries; the first run passes";
        failure.with_note(&format!("{note}{shared}"))
    })?;
    let n_deliveries = counter.n_deliveries();
    if n_deliveries == 0 || config.mode == Mode::Sync {
        let found = if config.mode == Mode::Sync {
            "`Mode::Sync` has no engine, so it delivers nothing; use `.mode(Mode::Engine)`"
        } else {
            "the engine delivered nothing after the first act"
        };
        let mismatch = Mismatch::new("deliveries at which a fault can happen", found).at(location);
        let failure = StepMismatch::at_end(plan, mismatch);
        return Err(FlowFailure::new(outcome, vec![failure], None));
    }

    if let Err(mismatch) = require_few_deliveries(n_deliveries, plan.setup.budget) {
        let failure = StepMismatch::at_end(plan, mismatch.at(location));
        return Err(FlowFailure::new(outcome, vec![failure], None));
    }

    let mut has_happened = false;
    for nth in 1..=n_deliveries {
        let faults = Arc::new(FaultInjector::at_delivery(fault, nth));
        let result = run_once(plan, config, Some(Arc::clone(&faults))).await;

        result.map_err(|failure| {
            let labels = failure.record().map(Record::labels);
            let injected_at = faults.injected_at().zip(labels).map_or_else(
                || "an unknown delivery".to_owned(),
                |(delivery, labels)| delivery.describe(labels),
            );
            failure.with_note(&format!(
                "with a fault at delivery {nth} of {n_deliveries}: {fault} {injected_at}; \
                 without a fault the flow passes{shared}"
            ))
        })?;
        has_happened |= faults.has_effect();
    }

    if !has_happened {
        let expected = format!("an effect of the fault: {fault} a handler");
        let reason = match fault {
            StepFault::Restarts => "no handler is called after the restart",
            _ => "no handler commits anything",
        };
        let found = format!("none of {n_deliveries}: {reason}");
        let mismatch = Mismatch::new(expected, found).at(location);
        let failure = StepMismatch::at_end(plan, mismatch);
        return Err(FlowFailure::new(outcome, vec![failure], None));
    }

    Ok(())
}

/// Fails if the runs would take very long together.
///
/// Each delivery needs a run, and each run has all deliveries. So twice as many cost four times as much.
fn require_few_deliveries(n_deliveries: u32, budget: usize) -> Result<(), Mismatch> {
    let n_of_all_runs = u64::from(n_deliveries) * u64::from(n_deliveries);
    let max = u64::try_from(budget.saturating_mul(MAX_BUDGETS)).unwrap_or(u64::MAX);
    if n_of_all_runs <= max {
        return Ok(());
    }

    let expected =
        format!("at most {max} deliveries in all runs, which is {MAX_BUDGETS} times the budget");
    let found = format!(
        "{n_of_all_runs} deliveries: {n_deliveries} runs, each with {n_deliveries} deliveries\n\
         Write a shorter flow, inject one fault with `.with_fault(..)`, or allow more with `.budget(..)`"
    );
    Err(Mismatch::new(expected, found))
}
