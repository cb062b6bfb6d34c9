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

/// The attempts of a subscription that are on their way, each in a task of its own. Dropped, it breaks
/// them off.
#[derive(Debug, Default)]
pub(in crate::engine) struct InFlight {
    tasks: JoinSet<(Completed, Session)>,
    // Invariant: there is one for each task.
    incoming: Vec<(Id, IncomingMessage)>,
    /// The room of units of work that are over, for the next.
    spare_sessions: Vec<Session>,
}

/// An attempt that is over and not settled.
#[derive(Debug)]
pub(in crate::engine) struct Completed {
    pub(in crate::engine) attempt: Attempt,
    pub(in crate::engine) attempted: AttemptReport,
}

/// How an attempt ended.
#[derive(Debug)]
pub(in crate::engine) enum Completion {
    Completed(Box<Completed>),
    /// Not the handler failed, but what is around it.
    TaskPanicked(Box<IncomingMessage>, JoinError),
}

impl InFlight {
    /// Begins an attempt.
    pub(in crate::engine) fn start(&mut self, app: &App, attempt: Attempt) {
        let app = app.clone();
        let mut session = self.spare_sessions.pop().unwrap_or_default();
        let incoming = attempt.incoming.clone();
        let task = self.tasks.spawn(async move {
            let mut attempted = attempt.run(&mut session).await;
            attempted.handle_events_inline(&app, attempt.target).await;
            (Completed { attempt, attempted }, session)
        });

        self.incoming.push((task.id(), incoming));
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.incoming.len()
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }

    /// What is being tried.
    pub(in crate::engine) fn incoming(&self) -> impl Iterator<Item = &IncomingMessage> {
        self.incoming.iter().map(|(_, incoming)| incoming)
    }

    /// Waits until an attempt is over; for ever if there is none.
    pub(in crate::engine) async fn next(&mut self) -> Completion {
        match self.tasks.join_next_with_id().await {
            Some(joined) => self.completion(joined),
            None => pending().await,
        }
    }

    /// Takes an attempt that is over.
    pub(in crate::engine) fn try_next(&mut self) -> Option<Completion> {
        let joined = self.tasks.try_join_next_with_id()?;
        Some(self.completion(joined))
    }

    /// Breaks off everything that is on its way.
    pub(in crate::engine) fn abandon(&mut self) {
        // A handler that blocks its thread cannot be broken off and must not be waited for.
        self.tasks = JoinSet::new();
        self.incoming.clear();
    }

    fn completion(&mut self, joined: Result<(Id, (Completed, Session)), JoinError>) -> Completion {
        match joined {
            Ok((id, (landed, session))) => {
                self.take_incoming(id);
                self.spare_sessions.push(session);
                Completion::Completed(Box::new(landed))
            }
            Err(err) => {
                let incoming = self.take_incoming(err.id());
                Completion::TaskPanicked(Box::new(incoming), err)
            }
        }
    }

    fn take_incoming(&mut self, id: Id) -> IncomingMessage {
        let place = self.incoming.iter().position(|(of, _)| *of == id);
        let place = place.expect("each task has its message");
        self.incoming.swap_remove(place).1
    }
}
