use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{
        delivery::consumer::{Consumer, Feed},
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
    },
    error::Error,
    handler::Ports,
    port::Lane,
};

/// When a message is tried again whose attempt broke off.
const PANIC_RETRY: Duration = Duration::from_secs(1);

/// What only an engine needs that runs by itself.
impl Consumer {
    /// Returns true if it reads the event store, so that only one engine may do so.
    pub(in crate::engine) fn reads_store(&self) -> bool {
        matches!(self.feed, Feed::Store(_))
    }

    /// How many messages may be tried at once.
    pub(in crate::engine) fn max_in_flight(&self) -> usize {
        let n_messages = if self.reads_store() {
            1
        } else {
            self.settings.concurrency.max(1)
        };
        self.breaker.limit(n_messages)
    }

    /// Returns true if what comes now might go before what is ready: that is less urgent.
    pub(in crate::engine) fn is_backfill_next(&self) -> bool {
        self.ready.front().is_some_and(is_backfill)
    }

    /// The place in `ready` of what is to be tried next, where `is_busy` says what has to wait for
    /// something that is being tried.
    pub(in crate::engine) fn next_idx_by_lane(
        &self,
        is_busy: impl Fn(&IncomingMessage) -> bool,
    ) -> Option<usize> {
        let may_be_tried = |idx: usize| self.can_be_tried(idx) && !is_busy(&self.ready[idx]);
        (0..self.ready.len())
            .filter(|idx| !is_backfill(&self.ready[*idx]))
            .find(|idx| may_be_tried(*idx))
            .or_else(|| self.next_idx(is_busy))
    }

    /// Gives back what cannot be handled to its end before somebody else is handed it.
    pub(in crate::engine) async fn release_expiring(&mut self, ports: &Ports) -> Result<(), Error> {
        let now = ports.clock.now();
        let latest = now + self.settings.time_limit.saturating_mul(2);
        let mut idx = 0;

        while idx < self.ready.len() {
            if self.ready[idx].held_until < latest
                && let Some(late) = self.ready.remove(idx)
            {
                // It was not looked at, so that it must not count as an attempt.
                let fate = SettleAction::Redeliver {
                    due: now,
                    counts_as_attempt: false,
                };
                self.settle_message(ports, &late, fate).await?;
            } else {
                idx += 1;
            }
        }

        Ok(())
    }

    /// Has a message tried again whose attempt broke off without a result.
    pub(in crate::engine) async fn redeliver_after_panic(
        &mut self,
        ports: &Ports,
        lost: &IncomingMessage,
    ) -> Result<(), Error> {
        let at = ports.clock.now() + PANIC_RETRY;
        let fate = SettleAction::Redeliver {
            due: at,
            counts_as_attempt: true,
        };
        self.settle_message(ports, lost, fate).await?;
        self.release_stream(ports, lost, at).await
    }

    /// Saves how far it has come, also past what was not for it.
    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.save_checkpoint(ports).await,
        }
    }

    /// Finds out how far it has come, and changes nothing.
    pub(in crate::engine) async fn load_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.load_checkpoint(ports).await,
        }
    }

    /// Until when its circuit breaker is open, if it is.
    pub(in crate::engine) fn pauses_until(&self, ports: &Ports) -> Option<Timestamp> {
        self.paused_until(ports.clock.now())
    }
}

fn is_backfill(incoming: &IncomingMessage) -> bool {
    match &incoming.receipt {
        Receipt::Broker(handed) => handed.topic.lane == Lane::Backfill,
        Receipt::Store(_) | Receipt::DeadLetter(_) => false,
    }
}

impl IncomingMessage {
    /// The dead letter that it is a replay of.
    pub(in crate::engine) fn dead_letter_id(&self) -> Option<&Arc<str>> {
        match &self.receipt {
            Receipt::DeadLetter(id) => Some(id),
            Receipt::Broker(_) | Receipt::Store(_) => None,
        }
    }
}
