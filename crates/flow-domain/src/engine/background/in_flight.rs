use std::future::pending;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::{
    engine::{
        delivery::attempt::{Attempt, AttemptReport},
        delivery::incoming::IncomingMessage,
        delivery::queue::QueueKey,
    },
    handler::Session,
    runtime::App,
};

/// The attempts of a subscription in flight, each in its own task. Dropping this aborts them.
#[derive(Debug, Default)]
pub(in crate::engine) struct InFlight {
    tasks: JoinSet<(Completed, Session)>,
    // Invariant: there is one entry for each task.
    started: Vec<StartedTask>,
    /// Sessions of completed attempts. The next attempts reuse their allocations.
    spare_sessions: Vec<Session>,
}

/// The task of an attempt, and its message.
#[derive(Debug)]
struct StartedTask {
    handle: AbortHandle,
    key: QueueKey,
    incoming: IncomingMessage,
}

/// An attempt that has ended and is not settled.
#[derive(Debug)]
pub(in crate::engine) struct Completed {
    pub(in crate::engine) attempt: Attempt,
    pub(in crate::engine) report: AttemptReport,
}

/// How the task of an attempt ended.
#[derive(Debug)]
pub(in crate::engine) enum Completion {
    Completed(Box<Completed>),
    /// The engine itself panicked, not the handler: a panic of a handler is caught.
    TaskPanicked(QueueKey, Box<IncomingMessage>, JoinError),
    /// The attempt was aborted, because another engine owns its partition by now.
    Aborted,
}

impl InFlight {
    /// Starts an attempt in a new task.
    pub(in crate::engine) fn start(&mut self, app: &App, attempt: Attempt) {
        let app = app.clone();
        let mut session = self.spare_sessions.pop().unwrap_or_default();
        let (key, incoming) = (attempt.key, attempt.incoming.clone());

        let handle = self.tasks.spawn(async move {
            let mut report = attempt.run(&mut session).await;
            report.handle_events_inline(&app, attempt.target).await;
            (Completed { attempt, report }, session)
        });

        self.started.push(StartedTask {
            handle,
            key,
            incoming,
        });
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.started.len()
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.started.is_empty()
    }

    /// Aborts the attempts with messages of a partition.
    pub(in crate::engine) fn abort_partition(&self, partition: u32) {
        for task in &self.started {
            if task.incoming.partition() == Some(partition) {
                task.handle.abort();
            }
        }
    }

    /// Waits until an attempt has ended. Waits for ever if none is in flight.
    pub(in crate::engine) async fn next(&mut self) -> Completion {
        match self.tasks.join_next_with_id().await {
            Some(joined) => self.completion(joined),
            None => pending().await,
        }
    }

    /// Returns an attempt that has already ended, if there is one.
    pub(in crate::engine) fn try_next(&mut self) -> Option<Completion> {
        let joined = self.tasks.try_join_next_with_id()?;
        Some(self.completion(joined))
    }

    /// Aborts all attempts in flight.
    pub(in crate::engine) fn abandon(&mut self) {
        // Do not wait for the tasks: a handler that blocks its thread cannot be aborted.
        self.tasks = JoinSet::new();
        self.started.clear();
    }

    fn completion(&mut self, joined: Result<(Id, (Completed, Session)), JoinError>) -> Completion {
        match joined {
            Ok((id, (completed, session))) => {
                self.take(id);
                self.spare_sessions.push(session);
                Completion::Completed(Box::new(completed))
            }
            Err(err) => {
                let StartedTask { key, incoming, .. } = self.take(err.id());
                if err.is_cancelled() {
                    Completion::Aborted
                } else {
                    Completion::TaskPanicked(key, Box::new(incoming), err)
                }
            }
        }
    }

    /// Removes and returns the entry of a task.
    fn take(&mut self, task_id: Id) -> StartedTask {
        let idx = self
            .started
            .iter()
            .position(|task| task.handle.id() == task_id)
            .expect("each task has its entry");

        self.started.swap_remove(idx)
    }
}
