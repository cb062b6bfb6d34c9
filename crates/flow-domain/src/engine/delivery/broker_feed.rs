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

/// Reads messages from the broker as one of a group, and acknowledges each by itself.
#[derive(Clone, Debug)]
pub(in crate::engine) struct BrokerFeed {
    group: Arc<str>,
    consumer: Arc<str>,
    primary: Vec<Topic>,
    /// Empty if there are no lanes.
    backfill: Vec<Topic>,
    lease: Duration,
    is_subscribed: bool,
}

impl BrokerFeed {
    pub(in crate::engine) fn new(
        (group, consumer): (Arc<str>, Arc<str>),
        categories: &[&'static str],
        kind: MessageKind,
        has_lanes: bool,
        settings: &SubscriptionSettings,
    ) -> Self {
        Self {
            group,
            consumer,
            primary: topics(categories, kind, Lane::Primary),
            backfill: if has_lanes {
                topics(categories, kind, Lane::Backfill)
            } else {
                Vec::new()
            },
            // Long enough that a message whose lease is not half over can be handled to its end.
            lease: settings.time_limit.saturating_mul(4),
            is_subscribed: false,
        }
    }

    /// Makes sure that the group is there: a new one begins here.
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

    /// Reads up to `limit` messages; the lane that waits only if there is nothing in the other, and
    /// `is_idle`.
    pub(in crate::engine) async fn read(
        &mut self,
        ports: &Ports,
        settings: &SubscriptionSettings,
        (limit, is_idle): (usize, bool),
        ready: &mut Vec<IncomingMessage>,
    ) -> Result<(), Error> {
        self.subscribe(ports, settings).await?;
        let broker = broker(ports)?;
        let now = ports.clock.now();
        let read = ReadRequest {
            group: &self.group,
            consumer: &self.consumer,
            topics: &self.primary,
            ordered: settings.ordered,
            now,
            lease: self.lease,
            limit,
        };
        let mut handed = broker.read(&read).await?;

        if handed.is_empty() && is_idle && !self.backfill.is_empty() {
            let topics = &self.backfill;
            handed = broker.read(&ReadRequest { topics, ..read }).await?;
        }

        let held_until = now + self.lease;
        ready.extend(
            handed
                .into_iter()
                .map(|handed| to_incoming(handed, held_until)),
        );

        Ok(())
    }

    pub(in crate::engine) async fn settle(
        &self,
        ports: &Ports,
        handed: &ReceivedMessage,
        fate: SettleAction,
    ) -> Result<(), Error> {
        let broker = broker(ports)?;
        match fate {
            SettleAction::Acknowledge => broker.acknowledge(&self.group, handed).await,
            SettleAction::Redeliver {
                due: at,
                counts_as_attempt: counts,
            } => broker.refuse(&self.group, handed, at, counts).await,
        }
    }

    pub(in crate::engine) async fn backlog(&self, ports: &Ports) -> Result<Backlog, Error> {
        let broker = broker(ports)?;
        let mut backlog = broker.backlog(&self.group, &self.primary).await?;

        if !self.backfill.is_empty() {
            let waiting = broker.backlog(&self.group, &self.backfill).await?;
            backlog.unread += waiting.unread;
            backlog.held += waiting.held;
            backlog.refused += waiting.refused;
            backlog.next_due = earliest(backlog.next_due, waiting.next_due);
        }

        Ok(backlog)
    }
}

/// The earlier of two times, where each may never come.
pub(in crate::engine) fn earliest(
    one: Option<Timestamp>,
    other: Option<Timestamp>,
) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn broker(ports: &Ports) -> Result<&dyn Broker, Error> {
    ports.broker.as_deref().ok_or_else(missing_broker)
}

fn to_incoming(handed: ReceivedMessage, held_until: Timestamp) -> IncomingMessage {
    IncomingMessage {
        envelope: Arc::clone(&handed.envelope),
        attempt: handed.attempt,
        offset: handed.offset,
        held_until,
        receipt: Receipt::Broker(handed),
    }
}
