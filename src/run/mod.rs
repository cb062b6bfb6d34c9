//! How a sentence is run, and what it leaves behind.

mod act;
mod blocking;
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

use crate::{flow::Plan, run::runner::run};

/// A sentence that runs in an async test.
#[must_use = "a flow does nothing until it is awaited"]
pub struct Running<'t>(BoxFuture<'t, Outcome>);

impl Future for Running<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Running<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// Runs `plan` where it is awaited; panics with the report if the sentence fails.
pub(crate) fn running(plan: Box<Plan<'_>>) -> Running<'_> {
    Running(Box::pin(async move {
        match run(*plan).await {
            Ok(outcome) => outcome,
            Err(failure) => panic!("{failure}"),
        }
    }))
}
