use std::future::pending;

use tokio::task::{Id, JoinError, JoinSet};

use crate::{
    engine::{
        delivery::attempt::{Attempt, Attempted},
        delivery::incoming::Incoming,
    },
    handler::Session,
    runtime::App,
};

/// The attempts of a subscription that are on their way, each in a task of its own. Dropped, it breaks
/// them off.
#[derive(Debug, Default)]
pub(in crate::engine) struct Flights {
    tasks: JoinSet<(Landed, Session)>,
    // Invariant: there is one for each task.
    incoming: Vec<(Id, Incoming)>,
    /// The room of units of work that are over, for the next.
    spare: Vec<Session>,
}

/// An attempt that is over and not settled.
#[derive(Debug)]
pub(in crate::engine) struct Landed {
    pub(in crate::engine) attempt: Attempt,
    pub(in crate::engine) attempted: Attempted,
}

/// How an attempt ended.
#[derive(Debug)]
pub(in crate::engine) enum Landing {
    Landed(Box<Landed>),
    /// Not the handler failed, but what is around it.
    BrokeOff(Box<Incoming>, JoinError),
}

impl Flights {
    /// Begins an attempt.
    pub(in crate::engine) fn start(&mut self, app: &App, attempt: Attempt) {
        let app = app.clone();
        let mut session = self.spare.pop().unwrap_or_default();
        let incoming = attempt.incoming.clone();
        let task = self.tasks.spawn(async move {
            let mut attempted = attempt.run(&mut session).await;
            attempted.settle_inline(&app, attempt.target).await;
            (Landed { attempt, attempted }, session)
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
    pub(in crate::engine) fn incoming(&self) -> impl Iterator<Item = &Incoming> {
        self.incoming.iter().map(|(_, incoming)| incoming)
    }

    /// Waits until an attempt is over; for ever if there is none.
    pub(in crate::engine) async fn next(&mut self) -> Landing {
        match self.tasks.join_next_with_id().await {
            Some(joined) => self.landing(joined),
            None => pending().await,
        }
    }

    /// Takes an attempt that is over.
    pub(in crate::engine) fn try_next(&mut self) -> Option<Landing> {
        let joined = self.tasks.try_join_next_with_id()?;
        Some(self.landing(joined))
    }

    /// Breaks off everything that is on its way.
    pub(in crate::engine) fn abandon(&mut self) {
        // A handler that blocks its thread cannot be broken off and must not be waited for.
        self.tasks = JoinSet::new();
        self.incoming.clear();
    }

    fn landing(&mut self, joined: Result<(Id, (Landed, Session)), JoinError>) -> Landing {
        match joined {
            Ok((id, (landed, session))) => {
                self.take(id);
                self.spare.push(session);
                Landing::Landed(Box::new(landed))
            }
            Err(err) => {
                let incoming = self.take(err.id());
                Landing::BrokeOff(Box::new(incoming), err)
            }
        }
    }

    fn take(&mut self, id: Id) -> Incoming {
        let mut places = self.incoming.iter();
        let place = places.position(|(of, _)| *of == id);
        let place = place.expect("each task has its message");
        self.incoming.swap_remove(place).1
    }
}
