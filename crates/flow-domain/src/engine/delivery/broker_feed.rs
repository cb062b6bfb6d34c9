use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
        relay::{missing_broker, topics},
    },
    error::Error,
    handler::{Ports, SubscriptionSettings},
    message::MessageKind,
    port::{Backlog, Broker, Lane, ReadRequest, ReceivedMessage, Topic},
};

/// Reads messages from the broker as a member of a group, and acknowledges each message separately.
#[derive(Clone, Debug)]
pub(in crate::engine) struct BrokerFeed {
    /// The name of the subscription.
    group: Arc<str>,
    /// The name of the engine, which is the consumer within the group.
    worker: Arc<str>,
    primary: Vec<Topic>,
    /// Empty if the domain has no lanes.
    backfill: Vec<Topic>,
    lease: Duration,
    is_subscribed: bool,
}

impl BrokerFeed {
    pub(in crate::engine) fn new(
        group: Arc<str>,
        worker: Arc<str>,
        categories: &[&'static str],
        kind: MessageKind,
        has_lanes: bool,
        settings: &SubscriptionSettings,
    ) -> Self {
        Self {
            group,
            worker,
            primary: topics(categories, kind, Lane::Primary),
            backfill: if has_lanes {
                topics(categories, kind, Lane::Backfill)
            } else {
                Vec::new()
            },
            // A message may wait in `ready` for half of the lease. The other half is enough for the
            // handler and its `handle_error`; `release_expiring` relies on this.
            lease: settings.time_limit.saturating_mul(4),
            is_subscribed: false,
        }
    }

    /// Makes sure that the group exists; a new group starts reading at `settings.start`.
    pub(in crate::engine) async fn subscribe(
        &mut self,
        ports: &Ports,
        settings: &SubscriptionSettings,
    ) -> Result<(), Error> {
        if self.is_subscribed {
            return Ok(());
        }

        let broker = broker(ports)?;
        let start = settings.start;

        broker.subscribe(&self.group, &self.primary, start).await?;
        if !self.backfill.is_empty() {
            broker.subscribe(&self.group, &self.backfill, start).await?;
        }

        self.is_subscribed = true;
        Ok(())
    }

    /// Reads up to `limit` messages into `ready`.
    ///
    /// Reads the backfill lane only if `may_read_backfill` is true and the primary lane has
    /// nothing.
    pub(in crate::engine) async fn read(
        &mut self,
        ports: &Ports,
        settings: &SubscriptionSettings,
        limit: usize,
        may_read_backfill: bool,
        ready: &mut Vec<IncomingMessage>,
    ) -> Result<(), Error> {
        self.subscribe(ports, settings).await?;
        let broker = broker(ports)?;
        let now = ports.clock.now();
        let request = ReadRequest {
            group: &self.group,
            consumer: &self.worker,
            topics: &self.primary,
            ordered: settings.ordered,
            now,
            lease: self.lease,
            limit,
        };

        let mut received = broker.read(&request).await?;
        if received.is_empty() && may_read_backfill && !self.backfill.is_empty() {
            let topics = &self.backfill;
            received = broker.read(&ReadRequest { topics, ..request }).await?;
        }

        let held_until = now + self.lease;
        ready.extend(
            received
                .into_iter()
                .map(|message| to_incoming(message, held_until)),
        );

        Ok(())
    }

    pub(in crate::engine) async fn settle(
        &self,
        ports: &Ports,
        message: &ReceivedMessage,
        action: SettleAction,
    ) -> Result<(), Error> {
        let broker = broker(ports)?;

        match action {
            SettleAction::Acknowledge => broker.acknowledge(&self.group, message).await,
            SettleAction::Redeliver {
                due,
                counts_as_attempt,
            } => {
                broker
                    .refuse(&self.group, message, due, counts_as_attempt)
                    .await
            }
        }
    }

    pub(in crate::engine) async fn backlog(&self, ports: &Ports) -> Result<Backlog, Error> {
        let broker = broker(ports)?;
        let mut backlog = broker.backlog(&self.group, &self.primary).await?;

        if !self.backfill.is_empty() {
            let backfill = broker.backlog(&self.group, &self.backfill).await?;
            backlog.unread += backfill.unread;
            backlog.held += backfill.held;
            backlog.refused += backfill.refused;
            backlog.next_due = earliest(backlog.next_due, backfill.next_due);
        }

        Ok(backlog)
    }
}

/// Returns the earlier of two times; `None` means never.
pub(in crate::engine) fn earliest(
    first: Option<Timestamp>,
    second: Option<Timestamp>,
) -> Option<Timestamp> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.min(second)),
        (first, second) => first.or(second),
    }
}

fn broker(ports: &Ports) -> Result<&dyn Broker, Error> {
    ports.broker.as_deref().ok_or_else(missing_broker)
}

fn to_incoming(message: ReceivedMessage, held_until: Timestamp) -> IncomingMessage {
    IncomingMessage {
        envelope: Arc::clone(&message.envelope),
        attempt: message.attempt,
        offset: message.offset,
        held_until,
        receipt: Receipt::Broker(message),
    }
}
