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

/// What the outbox has to send.
#[derive(Debug, Default)]
pub(super) struct OutboxBacklog {
    /// What is due, or was tried before.
    pub(super) waiting: Vec<OutboxRow>,
    /// What is not due yet, the first to come first.
    pub(super) scheduled: Vec<OutboxRow>,
}

impl OutboxBacklog {
    pub(super) async fn of(ports: &Ports) -> Result<Self, Error> {
        let now = ports.clock.now();
        let open = [
            OutboxState::Pending,
            OutboxState::Processing,
            OutboxState::Failed,
        ];
        let rows = ports.store.rows(&open, usize::MAX).await?;
        let is_scheduled = |row: &OutboxRow| row.state == OutboxState::Pending && now < row.due;
        let (mut scheduled, waiting): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_scheduled);

        scheduled.sort_by_key(|row| row.due);
        Ok(Self { waiting, scheduled })
    }
}

/// Counts what is left to do.
pub(super) async fn remaining(ports: &Ports, consumers: &[Consumer]) -> Result<Remaining, Error> {
    let now = ports.clock.now();
    let outbox = OutboxBacklog::of(ports).await?;
    let scheduled = outbox.scheduled.iter().map(|row| {
        let metadata = &row.envelope.metadata;
        ScheduledCommand {
            name: metadata.message_type.name().to_owned(),
            stream: metadata.stream.to_string(),
            due: row.due,
        }
    });

    let mut left = Remaining {
        outbox: outbox.waiting.len(),
        scheduled: scheduled.collect(),
        dead_letters: dead_letter::count(ports, &[]).await?,
        ..Remaining::default()
    };

    for consumer in consumers {
        let (n_retried, n_messages) = consumer.backlog(ports).await?;
        if 0 < n_messages {
            left.backlogs.push(SubscriptionBacklog {
                subscription: std::sync::Arc::clone(&consumer.name),
                n_messages,
                n_retried,
                paused_until: consumer.paused_until(now),
            });
        }
    }

    Ok(left)
}
