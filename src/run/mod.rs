//! How a sentence is run, and what it leaves behind.

mod act;
mod blocking;
mod caught;
mod outcome;
mod runner;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

pub use act::ActOutcome;
pub(crate) use blocking::blocking;
pub use outcome::Outcome;

use crate::{
    flow::{Armed, Plan},
    report::FlowFailure,
    run::runner::run,
};

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
            Err(failure) => panic!("{failure}"),
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
        run: Box::pin(async move { run(*plan).await }),
        armed,
    }
}
