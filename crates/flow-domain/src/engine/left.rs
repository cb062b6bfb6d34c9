use crate::{
    engine::{
        dead_letter,
        delivery::consumer::Consumer,
        stepping::settled::{Left, ScheduledCommand, Waiting},
    },
    error::Error,
    handler::Ports,
    port::{OutboxRow, OutboxState},
};

/// What the outbox has to send.
#[derive(Debug, Default)]
pub(super) struct OutboxLeft {
    /// What is due, or was tried before.
    pub(super) waiting: Vec<OutboxRow>,
    /// What is not due yet, the first to come first.
    pub(super) scheduled: Vec<OutboxRow>,
}

impl OutboxLeft {
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
pub(super) async fn left(ports: &Ports, consumers: &[Consumer]) -> Result<Left, Error> {
    let now = ports.clock.now();
    let outbox = OutboxLeft::of(ports).await?;
    let scheduled = outbox.scheduled.iter().map(|row| {
        let metadata = &row.envelope.metadata;
        ScheduledCommand {
            name: metadata.message_type.name().to_owned(),
            stream: metadata.stream.to_string(),
            due: row.due,
        }
    });
    let mut left = Left {
        outbox: outbox.waiting.len(),
        scheduled: scheduled.collect(),
        dead_letters: dead_letter::count(ports, &[]).await?,
        ..Left::default()
    };
    for consumer in consumers {
        let (n_retried, n_messages) = consumer.backlog(ports).await?;
        if 0 < n_messages {
            left.waiting.push(Waiting {
                subscription: std::sync::Arc::clone(&consumer.name),
                n_messages,
                n_retried,
                paused_until: consumer.open_until(now),
            });
        }
    }
    Ok(left)
}
