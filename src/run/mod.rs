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

mod act;
mod acting;
mod again;
mod before;
mod blocking;
mod caught;
mod checking;
mod compared;
mod ending;
mod every_step;
mod laws;
mod listener;
mod logs;
mod once;
mod outcome;
mod probe;
mod runner;
mod spawned;
mod traced;
mod warning;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

pub(crate) use act::ActKind;
pub use act::ActOutcome;
pub(crate) use before::unchanged;
pub(crate) use blocking::blocking;
pub(crate) use laws::broken;
pub use logs::Log;
pub use outcome::Outcome;
pub use warning::Warning;

use crate::{
    flow::{Armed, Plan},
    report::FlowFailure,
    run::{again::again, compared::compared, every_step::at_every_step, once::once, traced::trace},
    system::Mode,
};

/// Runs a sentence as its harness says.
async fn run(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let outcome = run_as_said(plan).await?;
    warning::print(outcome.untold_warnings());
    Ok(outcome)
}

async fn run_as_said(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let setup = &plan.setup;
    if let Some((location, mismatch)) = &plan.misplaced {
        return Err(FlowFailure::of_plan(plan, location, mismatch.clone()));
    }
    let is_plain = plan.every_step.is_empty() && !setup.checks_determinism;
    let ran = if is_plain && setup.mode != Mode::Compared {
        once(plan, setup.mode, None).await
    } else {
        Box::pin(several(plan)).await
    };
    match ran {
        Ok(outcome) => {
            trace(&outcome);
            Ok(outcome)
        }
        Err(failure) if setup.says_mode => Err(failure),
        Err(failure) => Err(failure.in_mode_of_environment(setup.mode)),
    }
}

/// Runs a sentence more than once; what is left is the outcome of the last run without a fault.
async fn several(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let mode = plan.setup.mode;
    let mut outcome = match mode {
        Mode::Compared => compared(plan).await?,
        mode => once(plan, mode, None).await?,
    };
    let mode = match mode {
        Mode::Compared => Mode::Engine,
        mode => mode,
    };
    if plan.setup.checks_determinism {
        outcome = again(plan, mode, outcome).await?;
    }
    for (location, fault) in &plan.every_step {
        at_every_step(plan, mode, (location, *fault)).await?;
    }
    Ok(outcome)
}

/// A sentence that runs in an async test.
///
/// One that is dropped before its end panics, like a sentence that is never run.
#[must_use = "a flow does nothing until it is awaited"]
pub struct Running<'t> {
    run: BoxFuture<'t, Result<Outcome, FlowFailure>>,
    armed: Armed,
}

impl Future for Running<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let polled = self.run.as_mut().poll(cx);
        if polled.is_ready() {
            self.armed.disarm();
        }
        polled.map(|result| match result {
            Ok(outcome) => outcome,
            Err(failure) => panic!("{}", failure.of_panic()),
        })
    }
}

impl fmt::Debug for Running<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// Runs `plan` where it is awaited; panics with the report if the sentence fails.
pub(crate) fn running(plan: Box<Plan<'_>>, armed: Armed) -> Running<'_> {
    Running {
        run: Box::pin(async move { run(&plan).await }),
        armed,
    }
}
