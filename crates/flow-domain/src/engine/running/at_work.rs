use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{
        delivery::consumer::{Consumer, Feed},
        delivery::incoming::{Fate, Incoming, Token},
    },
    error::Error,
    handler::Ports,
    port::Lane,
};

/// When a message is tried again whose attempt broke off.
const BROKEN_OFF: Duration = Duration::from_secs(1);

/// What only an engine needs that runs by itself.
impl Consumer {
    /// Returns true if it reads the event store, so that only one engine may do so.
    pub(in crate::engine) fn reads_store(&self) -> bool {
        matches!(self.feed, Feed::Store(_))
    }

    /// How many messages may be tried at once.
    pub(in crate::engine) fn n_at_once(&self) -> usize {
        let n_messages = if self.reads_store() {
            1
        } else {
            self.settings.concurrency.max(1)
        };
        self.breaker.limit(n_messages)
    }

    /// Returns true if what comes now might go before what is ready: that is less urgent.
    pub(in crate::engine) fn is_at_leisure(&self) -> bool {
        self.ready.front().is_some_and(is_less_urgent)
    }

    /// The place in `ready` of what is to be tried next, where `is_busy` says what has to wait for
    /// something that is being tried.
    pub(in crate::engine) fn next_place(
        &self,
        is_busy: impl Fn(&Incoming) -> bool,
    ) -> Option<usize> {
        let may_be_tried = |idx: usize| self.may_be_tried(idx) && !is_busy(&self.ready[idx]);
        let mut urgent = (0..self.ready.len()).filter(|idx| !is_less_urgent(&self.ready[*idx]));
        let first = urgent.find(|idx| may_be_tried(*idx));
        first.or_else(|| self.next_ready(is_busy))
    }

    /// Gives back what cannot be handled to its end before somebody else is handed it.
    pub(in crate::engine) async fn give_back_late(&mut self, ports: &Ports) -> Result<(), Error> {
        let now = ports.clock.now();
        let latest = now + self.settings.time_limit.saturating_mul(2);
        let mut idx = 0;
        while idx < self.ready.len() {
            if self.ready[idx].held_until < latest
                && let Some(late) = self.ready.remove(idx)
            {
                // It was not looked at, so that it must not count as an attempt.
                let fate = Fate::Again {
                    at: now,
                    counts: false,
                };
                self.put(ports, &late, fate).await?;
            } else {
                idx += 1;
            }
        }
        Ok(())
    }

    /// Has a message tried again whose attempt broke off without a result.
    pub(in crate::engine) async fn try_again(
        &mut self,
        ports: &Ports,
        lost: &Incoming,
    ) -> Result<(), Error> {
        let at = ports.clock.now() + BROKEN_OFF;
        let fate = Fate::Again { at, counts: true };
        self.put(ports, lost, fate).await?;
        self.give_back_stream(ports, lost, at).await
    }

    /// Saves how far it has come, also past what was not for it.
    pub(in crate::engine) async fn save_position(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.save_position(ports).await,
        }
    }

    /// Finds out how far it has come, and changes nothing.
    pub(in crate::engine) async fn look(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.look(ports).await,
        }
    }

    /// Until when its circuit breaker is open, if it is.
    pub(in crate::engine) fn pauses_until(&self, ports: &Ports) -> Option<Timestamp> {
        self.open_until(ports.clock.now())
    }
}

fn is_less_urgent(incoming: &Incoming) -> bool {
    match &incoming.token {
        Token::Handed(handed) => handed.topic.lane == Lane::Backfill,
        Token::Stored(_) | Token::Replayed(_) => false,
    }
}

impl Incoming {
    /// The dead letter that it is a replay of.
    pub(in crate::engine) fn letter(&self) -> Option<&Arc<str>> {
        match &self.token {
            Token::Replayed(id) => Some(id),
            Token::Handed(_) | Token::Stored(_) => None,
        }
    }
}
