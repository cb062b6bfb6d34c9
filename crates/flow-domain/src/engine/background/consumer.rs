use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        delivery::consumer::{Consumer, Feed},
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
    },
    error::Error,
    handler::Ports,
    port::Lane,
};

/// The delay before another attempt of a message after its task panicked.
const PANIC_RETRY: Duration = Duration::from_secs(1);

/// The methods of a consumer that only the background engine needs.
impl Consumer {
    /// Returns true if the source is the event store, not the broker.
    ///
    /// For each such subscription, only one engine may read at a time.
    pub(in crate::engine) fn reads_store(&self) -> bool {
        matches!(self.feed, Feed::Store(_))
    }

    /// Returns how many messages may be tried at once: only one if the source is the event store.
    pub(in crate::engine) fn max_in_flight(&self) -> usize {
        let limit = if self.reads_store() {
            1
        } else {
            self.settings.concurrency.max(1)
        };

        self.breaker.limit(limit)
    }

    /// Returns true if the first ready message is backfill: an unread message may be more urgent.
    pub(in crate::engine) fn is_backfill_next(&self) -> bool {
        self.ready.front().is_some_and(is_backfill)
    }

    /// Returns the index in `ready` of the next message to try. Primary goes before backfill.
    ///
    /// `is_busy` returns true for a message that has to wait for an unsettled message of its
    /// stream.
    pub(in crate::engine) fn next_idx_by_lane(
        &self,
        is_busy: impl Fn(&IncomingMessage) -> bool,
    ) -> Option<usize> {
        let can_start = |idx: usize| self.can_be_tried(idx) && !is_busy(&self.ready[idx]);

        (0..self.ready.len())
            .filter(|idx| !is_backfill(&self.ready[*idx]))
            .find(|idx| can_start(*idx))
            .or_else(|| self.next_idx(is_busy))
    }

    /// Releases the ready messages whose lease may end before they are handled.
    pub(in crate::engine) async fn release_expiring(&mut self, ports: &Ports) -> Result<(), Error> {
        let now = ports.clock.now();

        // The handler and then its `handle_error` may each take up to the time limit.
        let required_until = now + self.settings.time_limit.saturating_mul(2);

        let mut idx = 0;
        while idx < self.ready.len() {
            if self.ready[idx].held_until < required_until
                && let Some(expiring) = self.ready.remove(idx)
            {
                // No handler saw it, so this must not count as an attempt.
                let action = SettleAction::Redeliver {
                    due: now,
                    counts_as_attempt: false,
                };
                self.settle_message(ports, &expiring, action).await?;
            } else {
                idx += 1;
            }
        }

        Ok(())
    }

    /// Schedules another attempt of a message whose task has panicked, and releases the messages
    /// behind it in its stream.
    pub(in crate::engine) async fn redeliver_after_panic(
        &mut self,
        ports: &Ports,
        incoming: &IncomingMessage,
    ) -> Result<(), Error> {
        let due = ports.clock.now() + PANIC_RETRY;
        let action = SettleAction::Redeliver {
            due,
            counts_as_attempt: true,
        };

        self.settle_message(ports, incoming, action).await?;
        self.release_stream(ports, incoming, due).await
    }

    /// Saves how far the subscription has read, including the events that it skipped.
    ///
    /// Does nothing if the source is the broker.
    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.save_checkpoint(ports).await,
        }
    }

    /// Loads how far the subscription has read, and writes nothing.
    ///
    /// Does nothing if the source is the broker.
    pub(in crate::engine) async fn load_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(_) => Ok(()),
            Feed::Store(feed) => feed.load_checkpoint(ports).await,
        }
    }
}

fn is_backfill(incoming: &IncomingMessage) -> bool {
    match &incoming.receipt {
        Receipt::Broker(message) => message.topic.lane == Lane::Backfill,
        Receipt::Store(_) | Receipt::DeadLetter(_) => false,
    }
}

impl IncomingMessage {
    /// Returns the id of the dead letter if the message is a replay.
    pub(in crate::engine) fn dead_letter_id(&self) -> Option<&Arc<str>> {
        match &self.receipt {
            Receipt::DeadLetter(id) => Some(id),
            Receipt::Broker(_) | Receipt::Store(_) => None,
        }
    }
}
