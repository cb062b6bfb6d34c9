//! Runs a flow, and returns its outcome.

mod allowed_difference;
mod backend_comparison;
mod background_tasks;
mod blocking;
mod blocking_threads;
mod check_expectation;
mod check_then;
mod determinism;
mod differential;
mod every_step;
mod final_state;
mod idle_acts;
mod idle_messages;
mod invariants;
mod later_step;
mod problem_text;
mod progress;
mod real_wait;
mod record_difference;
mod redelivery;
mod run_acts;
mod run_config;
mod runner;
mod runtime_pool;
mod settings;
mod single_run;
mod trace;
mod unloaded_events;

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

pub(crate) use blocking::run_blocking;
pub(crate) use check_expectation::check_expectation;
pub(crate) use invariants::violation_mismatch;
pub(crate) use settings::no_subject_mismatch;

use crate::{
    outcome::{Outcome, print_warnings},
    plan::{Plan, RunGuard},
    report::FlowFailure,
    run::{
        backend_comparison::compare_backends, blocking_threads::BlockingThreads,
        determinism::check_determinism, differential::run_differential,
        every_step::fault_at_every_step, real_wait::real_wait_warnings, run_config::RunConfig,
        settings::require_known_types, single_run::run_once, trace::trace,
    },
    system::Mode,
    watchdog::{WatchGuard, WatchedFlow},
};

/// Runs a flow in the way its harness is configured, and prints its warnings.
///
/// `blocking_threads` are those of the runtime, if the runtime is ours.
async fn run(
    plan: &Plan<'_>,
    blocking_threads: Option<&BlockingThreads>,
) -> Result<Box<Outcome>, FlowFailure> {
    let result = run_in_mode(plan).await;
    let mut warnings = real_wait_warnings(&plan.watched, blocking_threads);
    warnings.extend(blocking_threads.and_then(BlockingThreads::warning));

    match result {
        Ok(mut outcome) => {
            for warning in warnings {
                outcome.warn(warning);
            }
            print_warnings(&outcome.warnings_to_print());
            Ok(outcome)
        }
        Err(failure) => Err(failure.with_warnings(warnings)),
    }
}

/// Runs a flow in the mode of its harness, and as many times as the checks need.
async fn run_in_mode(plan: &Plan<'_>) -> Result<Box<Outcome>, FlowFailure> {
    let setup = &plan.setup;
    if let Some((location, mismatch)) = &plan.invalid_call {
        return Err(FlowFailure::of_plan(plan, location, mismatch.clone()));
    }

    let config = RunConfig {
        mode: setup.mode,
        backend: &setup.backend,
    };
    let is_plain = plan.every_step_faults.is_empty()
        && !setup.checks_determinism
        && setup.compared_backend.is_none();
    let result = if is_plain && setup.mode != Mode::Differential {
        run_with_known_types(plan, config).await
    } else {
        Box::pin(run_several_times(plan, config)).await
    };

    match result {
        Ok(outcome) => {
            trace(&outcome);
            Ok(outcome)
        }
        Err(failure) => Err(failure.with_environment(setup.environment())),
    }
}

/// Runs a flow once, and checks that the domain has the types that may differ.
async fn run_with_known_types(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
) -> Result<Box<Outcome>, FlowFailure> {
    let outcome = run_once(plan, config, None).await?;
    require_known_types(plan, outcome)
}

/// Runs a flow several times, and returns the outcome of a run without extra faults.
async fn run_several_times(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
) -> Result<Box<Outcome>, FlowFailure> {
    let (mode, mut result) = match config.mode {
        Mode::Differential => run_differential(plan, config).await,
        mode => (mode, run_with_known_types(plan, config).await),
    };
    let config = config.in_mode(mode);

    if let Some(other) = &plan.setup.compared_backend {
        result = compare_backends(plan, config, other, result).await;
    }
    if plan.setup.checks_determinism {
        result = check_determinism(plan, config, result).await;
    }
    let outcome = result?;
    for (location, fault) in &plan.every_step_faults {
        fault_at_every_step(plan, config, (location, *fault)).await?;
    }

    Ok(outcome)
}

/// A flow that runs in an async test.
///
/// It panics if it is dropped before it has finished, like a flow that is never run.
#[must_use = "a flow does nothing until it is awaited"]
pub struct FlowFuture<'t> {
    future: BoxFuture<'t, Result<Box<Outcome>, FlowFailure>>,
    watched: Arc<WatchedFlow>,
    /// `None` before the first poll.
    watch_guard: Option<WatchGuard>,
    guard: RunGuard,
}

impl Future for FlowFuture<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let flow = &mut *self;
        flow.watch_guard.get_or_insert_with(|| flow.watched.watch());
        let polled = flow.watched.poll(flow.future.as_mut(), cx);
        if polled.is_ready() {
            flow.watch_guard = None;
            flow.guard.disarm();
        }

        polled.map(|result| match result {
            Ok(outcome) => *outcome,
            Err(failure) => panic!("{}", failure.panic_text()),
        })
    }
}

impl fmt::Debug for FlowFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowFuture")
    }
}

/// Returns a future that runs `plan`. It panics with the report if the flow fails.
pub(crate) fn run_async(plan: Box<Plan<'_>>, guard: RunGuard) -> FlowFuture<'_> {
    FlowFuture {
        watched: Arc::clone(&plan.watched),
        future: Box::pin(async move { run(&plan, None).await }),
        watch_guard: None,
        guard,
    }
}
