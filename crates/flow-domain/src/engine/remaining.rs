use std::sync::Arc;

use crate::{
    engine::{
        dead_letter,
        delivery::consumer::Consumer,
        manual::settle_report::{Remaining, ScheduledCommand, SubscriptionBacklog},
    },
    error::Error,
    handler::Ports,
    port::{OutboxRow, OutboxState},
};

/// The unsent messages of the outbox.
#[derive(Debug, Default)]
pub(super) struct OutboxBacklog {
    /// Messages that are due, or that a relay has claimed or failed to send.
    pub(super) waiting: Vec<OutboxRow>,
    /// Messages that are not due yet, in the order of their due time.
    pub(super) scheduled: Vec<OutboxRow>,
}

impl OutboxBacklog {
    pub(super) async fn load(ports: &Ports) -> Result<Self, Error> {
        let now = ports.clock.now();
        let unsent = [
            OutboxState::Pending,
            OutboxState::Processing,
            OutboxState::Failed,
        ];

        let rows = ports.store.rows(&unsent, usize::MAX).await?;
        let is_scheduled = |row: &OutboxRow| row.state == OutboxState::Pending && now < row.due;
        let (mut scheduled, waiting): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_scheduled);
        scheduled.sort_by_key(|row| row.due);

        Ok(Self { waiting, scheduled })
    }
}

/// Returns what is left: unfinished messages of the outbox and of `consumers`, and dead letters.
pub(super) async fn find_remaining(
    ports: &Ports,
    consumers: &[Consumer],
) -> Result<Remaining, Error> {
    let now = ports.clock.now();
    let outbox = OutboxBacklog::load(ports).await?;
    let scheduled = outbox.scheduled.iter().map(|row| {
        let metadata = &row.envelope.metadata;
        ScheduledCommand {
            name: metadata.message_type.name().to_owned(),
            stream: metadata.stream.to_string(),
            due: row.due,
        }
    });

    let mut remaining = Remaining {
        outbox: outbox.waiting.len(),
        scheduled: scheduled.collect(),
        // Without conditions, it counts the dead letters of all subscriptions.
        dead_letters: dead_letter::count(ports, &[]).await?,
        ..Remaining::default()
    };

    for consumer in consumers {
        let (n_retried, n_messages) = consumer.backlog(ports).await?;
        if 0 < n_messages {
            remaining.backlogs.push(SubscriptionBacklog {
                subscription: Arc::clone(&consumer.name),
                n_messages,
                n_retried,
                paused_until: consumer.paused_until(now),
            });
        }
    }

    Ok(remaining)
}
