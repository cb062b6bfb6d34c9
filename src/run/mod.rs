//! How a sentence is run, and what it leaves behind.
//!
//! # Tasks that a handler spawns
//!
//! A handler that spawns a task and does not await it hides what becomes of it. After each step tasks
//! are let run as far as they come by themselves, and what they did can be looked at.
//!
//! * A panic in one fails the step after which it happened.
//! * A panic while a handler was still at work, which may have awaited the task, is a [`Warning`].
//! * A task that is not over at the end is a warning. A runtime of the run is thrown away with it.
//!
//! This is seen in [`Flow::run`](crate::Flow::run), and with `.await` in a current-thread runtime, which
//! is what `#[tokio::test]` makes. In a runtime of several threads nothing of it is. Nowhere is seen: an
//! error that a task returns when its handle was dropped; a panic in `spawn_blocking` or in a thread of
//! the handler's own; and what happens in a task after the sentence is over.

mod act_outcome;
mod background_tasks;
mod blocking;
mod capture;
mod catch_closure;
mod check_then;
mod determinism;
mod differential;
mod every_step;
mod final_state;
mod invariants;
mod later_step;
mod logs;
mod outcome;
mod run_acts;
mod runner;
mod single_run;
mod trace;
mod unchanged;
mod warning;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

pub(crate) use act_outcome::ActKind;
pub use act_outcome::ActOutcome;
pub(crate) use blocking::run_blocking;
pub(crate) use invariants::violation_mismatch;
pub use logs::Log;
pub use outcome::Outcome;
pub(crate) use unchanged::require_unchanged;
pub use warning::Warning;

use crate::{
    flow::{Plan, RunGuard},
    report::FlowFailure,
    run::{
        determinism::check_determinism, differential::run_differential,
        every_step::fault_at_every_step, single_run::run_once, trace::trace,
    },
    system::Mode,
};

/// Runs a sentence as its harness says.
async fn run(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let outcome = run_in_mode(plan).await?;
    warning::print(outcome.warnings_to_print());
    Ok(outcome)
}

async fn run_in_mode(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let setup = &plan.setup;
    if let Some((location, mismatch)) = &plan.invalid_call {
        return Err(FlowFailure::of_plan(plan, location, mismatch.clone()));
    }

    let is_plain = plan.every_step_faults.is_empty() && !setup.checks_determinism;
    let ran = if is_plain && setup.mode != Mode::Differential {
        run_once(plan, setup.mode, None).await
    } else {
        Box::pin(run_several_times(plan)).await
    };

    match ran {
        Ok(outcome) => {
            trace(&outcome);
            Ok(outcome)
        }
        Err(failure) if setup.mode_is_explicit => Err(failure),
        Err(failure) => Err(failure.with_environment_mode(setup.mode)),
    }
}

/// Runs a sentence more than once; what is left is the outcome of the last run without a fault.
async fn run_several_times(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let mode = plan.setup.mode;
    let mut outcome = match mode {
        Mode::Differential => run_differential(plan).await?,
        mode => run_once(plan, mode, None).await?,
    };
    let mode = match mode {
        Mode::Differential => Mode::Engine,
        mode => mode,
    };

    if plan.setup.checks_determinism {
        outcome = check_determinism(plan, mode, outcome).await?;
    }

    for (location, fault) in &plan.every_step_faults {
        fault_at_every_step(plan, mode, (location, *fault)).await?;
    }

    Ok(outcome)
}

/// A sentence that runs in an async test.
///
/// One that is dropped before its end panics, like a sentence that is never run.
#[must_use = "a flow does nothing until it is awaited"]
pub struct FlowFuture<'t> {
    future: BoxFuture<'t, Result<Outcome, FlowFailure>>,
    guard: RunGuard,
}

impl Future for FlowFuture<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let polled = self.future.as_mut().poll(cx);
        if polled.is_ready() {
            self.guard.disarm();
        }

        polled.map(|result| match result {
            Ok(outcome) => outcome,
            Err(failure) => panic!("{}", failure.panic_text()),
        })
    }
}

impl fmt::Debug for FlowFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// Runs `plan` where it is awaited; panics with the report if the sentence fails.
pub(crate) fn run_async(plan: Box<Plan<'_>>, armed: RunGuard) -> FlowFuture<'_> {
    FlowFuture {
        future: Box::pin(async move { run(&plan).await }),
        guard: armed,
    }
}
