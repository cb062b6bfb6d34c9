use std::{sync::Arc, time::Duration};

use flow_domain::{Error, clock::Timestamp, port::BoxFuture};

/// What one step of a worker did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerStep {
    /// It did something, and there may be more to do.
    Worked,
    /// There is nothing to do.
    Idle,
    /// There is nothing to do before this time.
    WaitingUntil(Timestamp),
}

/// A part of the system that works after a commit: a projector, a relay, a job queue, a timer.
pub(super) struct Worker<S> {
    pub(super) name: &'static str,
    pub(super) work: Work<S>,
}

pub(super) enum Work<S> {
    /// The harness calls it step by step.
    Stepped(Box<StepFn<S>>),
    /// It is a task that the system has spawned. It looks for work after each interval.
    Polling(Duration),
}

impl<S> Worker<S> {
    pub(super) fn is_polling(&self) -> bool {
        matches!(self.work, Work::Polling(_))
    }
}

type StepFn<S> = dyn Fn(Arc<S>) -> BoxFuture<'static, Result<WorkerStep, Error>> + Send + Sync;
