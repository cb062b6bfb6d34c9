use std::sync::Arc;

use crate::{
    engine::{
        dead_letter,
        delivery::consumer::Consumers,
        manual::settle_report::{Remaining, ScheduledCommand, SubscriptionBacklog},
        outbox_backlog::OutboxBacklog,
    },
    error::Error,
    handler::Ports,
};

/// Returns what is left: unfinished messages of the outbox and of `consumers`, and dead letters.
pub(super) async fn find_remaining(
    ports: &Ports,
    consumers: &Consumers,
) -> Result<Remaining, Error> {
    let now = ports.clock.now();
    let outbox = OutboxBacklog::load(ports).await?;
    let scheduled = outbox.scheduled.iter().map(|row| {
        let metadata = &row.envelope.metadata;
        ScheduledCommand {
            name: ports.catalog.labels.label_of_envelope(&row.envelope),
            stream: metadata.stream.to_string(),
            due: row.due.unwrap_or(now),
        }
    });

    let mut remaining = Remaining {
        outbox: outbox.waiting.len(),
        scheduled: scheduled.collect(),
        // Without conditions, it counts the dead letters of all subscriptions.
        dead_letters: dead_letter::count(ports, &[]).await?,
        ..Remaining::default()
    };

    let replays = dead_letter::find_replayed(ports, None).await?;
    for consumer in consumers {
        let (n_retried, n_messages) = consumer.backlog(ports, &replays).await?;
        if 0 < n_messages {
            remaining.backlogs.push(SubscriptionBacklog {
                subscription: Arc::clone(&consumer.name),
                n_messages,
                n_retried,
                paused_until: consumer.breaker.open_until(now),
                paused_streams: consumer.paused_streams(),
            });
        }
    }

    Ok(remaining)
}
