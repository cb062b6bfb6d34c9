use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{Error, FailureOrigin, HandlerFailure},
    handler::{Ports, RetryPolicy, is_inline_mark},
    message::{Envelope, MessageKind},
    port::{Claim, Lane, OutboxRow, Publication, PublishResult, SendResult, Settlement, Topic},
    record::EntryKind,
    runtime::App,
};

/// How long a claimed row of the outbox is hidden from other relays.
const CLAIM_LEASE: Duration = Duration::from_secs(30);

/// The retries of a message that cannot be published.
const RETRY: RetryPolicy = RetryPolicy::attempts(10).jitter_percent(0);

/// The longest delay between retries while the broker cannot be reached.
const MAX_BROKER_DELAY: Duration = Duration::from_secs(30);

/// Publishes committed messages: moves them from the outbox to the broker, outside any transaction.
#[derive(Clone, Debug)]
pub(super) struct Relay {
    worker: Arc<str>,
    /// Reused between batches, so that each batch does not allocate.
    publications: Vec<Publication>,
    /// Whether messages are retried without limit while the broker cannot be reached.
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

    /// Makes a relay that never abandons a message because the broker cannot be reached.
    pub(super) fn waiting_for_broker(worker: Arc<str>) -> Self {
        Self {
            waits_for_broker: true,
            ..Self::new(worker)
        }
    }

    /// Publishes up to `limit` messages that are due, and returns how many it claimed.
    ///
    /// It also handles the events whose inline handling was cut off.
    pub(super) async fn publish_due(&mut self, app: &App, limit: usize) -> Result<usize, Error> {
        let ports = &*app.ports;
        let now = ports.clock.now();
        let claim = Claim {
            worker: &self.worker,
            now,
            lease: CLAIM_LEASE,
            limit,
        };
        let mut rows = ports.store.claim(&claim).await?;
        let n_claimed = rows.len();
        let marks: Vec<OutboxRow> = rows.extract_if(.., |row| is_inline_mark(row)).collect();

        if !rows.is_empty() {
            self.publish(ports, &rows, now).await?;
        }
        for mark in &marks {
            Box::pin(self.handle_cut_off(app, mark)).await?;
        }

        Ok(n_claimed)
    }

    /// Publishes claimed rows, and settles them.
    async fn publish(
        &mut self,
        ports: &Ports,
        rows: &[OutboxRow],
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(broker) = &ports.broker else {
            return Err(missing_broker());
        };

        self.publications.clear();
        let publications = rows.iter().map(|row| Publication {
            topic: topic_of(ports, &row.envelope),
            envelope: Arc::clone(&row.envelope),
        });
        self.publications.extend(publications);

        let results = match ports.hooks.publish(&**broker, &self.publications).await {
            Ok(results) => results,
            Err(err) if self.waits_for_broker => {
                self.postpone(ports, rows, &err).await?;
                return Err(err);
            }
            // Nobody knows which messages arrived, so each one counts as failed.
            Err(err) => {
                let reason = err.with_causes().to_string();
                let failure = || PublishResult::Failed(Error::failed("publishing", reason.clone()));
                rows.iter().map(|_| failure()).collect()
            }
        };

        let settlements: Vec<Settlement> = rows
            .iter()
            .zip(&self.publications)
            .zip(results)
            .map(|((row, publication), result)| Settlement {
                number: row.number,
                result: send_result(ports, row, &publication.topic, result),
            })
            .collect();

        // Keep the allocation only: a fork of the engine would copy the messages.
        self.publications.clear();
        ports.store.settle(&self.worker, now, &settlements).await
    }

    /// Handles an event whose inline handling was cut off. Nobody else reports what fails.
    async fn handle_cut_off(&self, app: &App, mark: &OutboxRow) -> Result<(), Error> {
        let act = app.handle_cut_off(&self.worker, mark).await?;

        for failure in &act.failures {
            tracing::error!(error = %failure, "a handler failed that was called again");
        }
        if let Some(stall) = &act.stall {
            tracing::error!(error = %stall, "the cascade of an event did not settle");
        }
        Ok(())
    }

    /// Schedules a retry of all `rows`, because the broker could not be reached.
    async fn postpone(&self, ports: &Ports, rows: &[OutboxRow], err: &Error) -> Result<(), Error> {
        let now = ports.clock.now();
        let error: Arc<str> = err.with_causes().to_string().into();
        let retry = |row: &OutboxRow| {
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
        };

        let settlements: Vec<Settlement> = rows.iter().map(retry).collect();
        ports.store.settle(&self.worker, now, &settlements).await
    }
}

/// Decides how to settle a row after the broker has answered, and records it.
fn send_result(ports: &Ports, row: &OutboxRow, topic: &Topic, result: PublishResult) -> SendResult {
    let message_id = row.envelope.metadata.id;
    let err = match result {
        PublishResult::Published => {
            ports.record_for(message_id, || EntryKind::Published {
                topic: topic.to_string(),
                is_backfill: topic.lane == Lane::Backfill,
            });
            return SendResult::Published;
        }
        PublishResult::NotTried => return SendResult::Released,
        PublishResult::Failed(err) => err,
    };

    let reason = err.with_causes().to_string();
    let attempt = row.n_failures + 1;
    let delay = RETRY.delay_after(attempt, 0);
    let retry_at = RETRY
        .should_retry(attempt, &err)
        .then(|| ports.clock.now() + delay);

    tracing::error!(messaging.message.id = %message_id, error = %reason, "publishing failed");
    ports.record_for(message_id, || EntryKind::PublishFailed {
        reason: reason.clone(),
        retry_at,
    });

    let error = reason.into();
    if let Some(retry_at) = retry_at {
        return SendResult::Failed { error, retry_at };
    }

    ports.hooks.report_failure(|| {
        let message = ports.catalog.labels.label_of_envelope(&row.envelope);
        HandlerFailure::new(None, message, err).with_origin(FailureOrigin::Publishing)
    });
    SendResult::Abandoned { error }
}

/// Returns the topic of a message, from its category, its kind, and the lane for its priority.
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

/// Returns the topics of `categories` in one lane.
pub(super) fn topics(categories: &[&'static str], kind: MessageKind, lane: Lane) -> Vec<Topic> {
    categories
        .iter()
        .map(|category| Topic {
            category: (*category).into(),
            kind,
            lane,
        })
        .collect()
}

pub(super) fn missing_broker() -> Error {
    Error::setup(
        "the engine publishes and reads messages through a broker, but the app has no broker: \
         add one with `.broker(..)`; within one process, use `MemoryBroker::default()`",
    )
}
