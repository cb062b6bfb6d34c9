use std::future::pending;

use tokio::task::{Id, JoinError, JoinSet};

use crate::{
    engine::{
        delivery::attempt::{Attempt, AttemptReport},
        delivery::incoming::IncomingMessage,
    },
    handler::Session,
    runtime::App,
};

/// The attempts of a subscription in flight, each in its own task. Dropping this aborts them.
#[derive(Debug, Default)]
pub(in crate::engine) struct InFlight {
    tasks: JoinSet<(Completed, Session)>,
    // Invariant: there is one message for each task.
    incoming: Vec<(Id, IncomingMessage)>,
    /// Sessions of completed attempts. The next attempts reuse their allocations.
    spare_sessions: Vec<Session>,
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
    TaskPanicked(Box<IncomingMessage>, JoinError),
}

impl InFlight {
    /// Starts an attempt in a new task.
    pub(in crate::engine) fn start(&mut self, app: &App, attempt: Attempt) {
        let app = app.clone();
        let mut session = self.spare_sessions.pop().unwrap_or_default();
        let incoming = attempt.incoming.clone();

        let task = self.tasks.spawn(async move {
            let mut report = attempt.run(&mut session).await;
            report.handle_events_inline(&app, attempt.target).await;
            (Completed { attempt, report }, session)
        });

        self.incoming.push((task.id(), incoming));
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.incoming.len()
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }

    /// Returns the messages in flight.
    pub(in crate::engine) fn incoming(&self) -> impl Iterator<Item = &IncomingMessage> {
        self.incoming.iter().map(|(_, incoming)| incoming)
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
        self.incoming.clear();
    }

    fn completion(&mut self, joined: Result<(Id, (Completed, Session)), JoinError>) -> Completion {
        match joined {
            Ok((id, (completed, session))) => {
                self.take_incoming(id);
                self.spare_sessions.push(session);
                Completion::Completed(Box::new(completed))
            }
            Err(err) => {
                let incoming = self.take_incoming(err.id());
                Completion::TaskPanicked(Box::new(incoming), err)
            }
        }
    }

    /// Removes and returns the message of a task.
    fn take_incoming(&mut self, task_id: Id) -> IncomingMessage {
        let idx = self
            .incoming
            .iter()
            .position(|(id, _)| *id == task_id)
            .expect("each task has its message");

        self.incoming.swap_remove(idx).1
    }
}
