use std::{sync::Arc, time::Duration};

use crate::{
    error::Error,
    handler::{Ports, RetryPolicy},
    message::{Envelope, MessageKind},
    port::{Claim, Lane, OutboxRow, Publication, SendResult, Settlement, Topic},
    record::EntryKind,
};

/// How long a claim of the outbox lasts.
const CLAIM_LEASE: Duration = Duration::from_secs(30);

/// How often a message is sent, and how long is waited in between.
const RETRY: RetryPolicy = RetryPolicy::attempts(10).jitter_percent(0);

/// How long is waited at most for a broker that takes nothing.
const MAX_BROKER_DELAY: Duration = Duration::from_secs(30);

/// Takes what was committed from the outbox to the broker, outside any transaction.
#[derive(Clone, Debug)]
pub(super) struct Relay {
    worker: Arc<str>,
    publications: Vec<Publication>,
    /// Whether messages are kept for as long as the broker takes none at all.
    waits_for_broker: bool,
}

impl Relay {
    pub(super) fn new(worker: Arc<str>) -> Self {
        Self {
            worker,
            publications: Vec::new(),
            waits_for_broker: false,
        }
    }

    /// One that gives up on no message because the broker is away, however long.
    pub(super) fn waiting_for_broker(worker: Arc<str>) -> Self {
        Self {
            waits_for_broker: true,
            ..Self::new(worker)
        }
    }

    /// Publishes up to `limit` messages that are due; returns how many were looked at.
    pub(super) async fn publish_due(
        &mut self,
        ports: &Ports,
        limit: usize,
    ) -> Result<usize, Error> {
        let now = ports.clock.now();
        let claim = Claim {
            worker: &self.worker,
            now,
            lease: CLAIM_LEASE,
            limit,
        };
        let rows = ports.store.claim(&claim).await?;

        if rows.is_empty() {
            return Ok(0);
        }

        let Some(broker) = &ports.broker else {
            return Err(missing_broker());
        };

        self.publications.clear();
        let publications = rows.iter().map(|row| Publication {
            topic: topic_of(ports, &row.envelope),
            envelope: Arc::clone(&row.envelope),
        });
        self.publications.extend(publications);
        let results = match broker.publish(&self.publications).await {
            Ok(results) => results,
            Err(err) if self.waits_for_broker => {
                self.postpone(ports, &rows, &err).await?;
                return Err(err);
            }
            // Nothing is known of any of them, so all of them are sent again.
            Err(err) => {
                let reason = err.with_causes().to_string();
                let each = || Err(Error::failed("publishing", reason.clone()));
                rows.iter().map(|_| each()).collect()
            }
        };
        let settled = rows.iter().zip(&self.publications).zip(results);
        let settled = settled.map(|((row, publication), result)| Settlement {
            number: row.number,
            result: send_result(ports, row, &publication.topic, result),
        });
        let settlements: Vec<Settlement> = settled.collect();

        // Only the room is kept: what was sent would be copied with every fork.
        self.publications.clear();
        ports.store.settle(&self.worker, now, &settlements).await?;

        Ok(rows.len())
    }

    /// Has everything sent again once the broker may be back.
    async fn postpone(&self, ports: &Ports, rows: &[OutboxRow], err: &Error) -> Result<(), Error> {
        let now = ports.clock.now();
        let error: Arc<str> = err.with_causes().to_string().into();
        let settlements = rows.iter().map(|row| {
            let retry_at = now
                + RETRY
                    .delay_after(row.n_failures + 1, 0)
                    .min(MAX_BROKER_DELAY);
            ports.record_for(row.envelope.metadata.id, || EntryKind::PublishFailed {
                reason: error.to_string(),
                retry_at: Some(retry_at),
            });
            let error = Arc::clone(&error);

            Settlement {
                number: row.number,
                result: SendResult::Failed { error, retry_at },
            }
        });
        let settlements: Vec<Settlement> = settlements.collect();

        ports.store.settle(&self.worker, now, &settlements).await
    }
}

fn send_result(
    ports: &Ports,
    row: &OutboxRow,
    topic: &Topic,
    result: Result<(), Error>,
) -> SendResult {
    let message = row.envelope.metadata.id;
    let Err(err) = result else {
        ports.record_for(message, || EntryKind::Published {
            topic: topic.to_string(),
        });
        return SendResult::Published;
    };

    let reason = err.with_causes().to_string();
    let attempt = row.n_failures + 1;
    let delay = RETRY.delay_after(attempt, 0);
    let retry_at = RETRY
        .should_retry(attempt, &err)
        .then(|| ports.clock.now() + delay);

    tracing::error!(messaging.message.id = %message, error = %reason, "publishing failed");
    ports.record_for(message, || EntryKind::PublishFailed {
        reason: reason.clone(),
        retry_at,
    });
    let error = reason.into();

    match retry_at {
        Some(retry_at) => SendResult::Failed { error, retry_at },
        None => SendResult::Abandoned { error },
    }
}

/// Where a message goes.
pub(super) fn topic_of(ports: &Ports, message: &Envelope) -> Topic {
    let metadata = &message.metadata;
    let is_less_urgent = ports
        .catalog
        .lane_threshold
        .is_some_and(|threshold| metadata.priority < threshold);

    Topic {
        category: metadata.stream.shared_category(),
        kind: metadata.kind,
        lane: if is_less_urgent {
            Lane::Backfill
        } else {
            Lane::Primary
        },
    }
}

/// The topics of a lane in which the messages of these categories are.
pub(super) fn topics(categories: &[&'static str], kind: MessageKind, lane: Lane) -> Vec<Topic> {
    let topics = categories.iter().map(|category| Topic {
        category: (*category).into(),
        kind,
        lane,
    });
    topics.collect()
}

pub(super) fn missing_broker() -> Error {
    Error::setup(
        "messages wait to be published, and the app has no broker: \
         give it one with `.broker(..)`, `MemoryBroker::default()` for one process",
    )
}
