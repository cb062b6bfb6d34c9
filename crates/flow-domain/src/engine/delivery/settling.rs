use std::{sync::Arc, time::Duration};

use crate::{
    clock::{IdContext, Timestamp},
    engine::{
        dead_letter::{self, StoredDeadLetter},
        delivery::attempt::{Attempt, AttemptReport, AttemptResult},
        delivery::consumer::Consumer,
        delivery::incoming::IncomingMessage,
        delivery::queue::QueueKey,
    },
    error::Error,
    handler::{Ports, WhenExhausted},
    record::EntryKind,
};

/// The delay before another attempt if the dead letter could not be written.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(1);

/// The delay before another attempt of a message after its task panicked.
const PANIC_RETRY: Duration = Duration::from_secs(1);

/// Settling of attempts and messages.
impl Consumer {
    /// Settles an attempt: the message is done, waits for a retry, or becomes a dead letter.
    ///
    /// The ledger is saved later. Only a dead letter is written at once, together with the ledger.
    pub(in crate::engine) async fn settle(
        &mut self,
        attempt: &Attempt,
        report: &AttemptReport,
    ) -> Result<(), Error> {
        let ports = &*attempt.ports;
        let now = ports.clock.now();
        if self.queue.get(attempt.key).is_none() {
            // Another engine has won the partition in the meantime.
            return Ok(());
        }

        match &report.result {
            AttemptResult::Fenced => {
                if let Some(partition) = attempt.incoming.partition() {
                    self.drop_partition(partition);
                }
                Ok(())
            }
            AttemptResult::NewerEvent(error) => {
                self.pause_stream(attempt, error);
                Ok(())
            }
            AttemptResult::Failed { error, is_last } => {
                let opens = self
                    .breaker
                    .record_failure(self.settings.circuit_breaker, now);
                if opens {
                    tracing::warn!(subscription = &*self.name, "circuit breaker opened");
                }

                if *is_last {
                    return self.finish_exhausted(attempt, report, error).await;
                }
                let due = retry_at(attempt, report);
                ports.record(Some(report.entry), || EntryKind::RetryScheduled(due));
                self.retry(attempt, attempt.incoming.attempt + 1, due).await
            }
            AttemptResult::Handled(_)
            | AttemptResult::Skipped
            | AttemptResult::NotSubscribed
            | AttemptResult::Rejected(_)
            | AttemptResult::Expired(_) => {
                if !report.is_ignored() {
                    self.breaker.record_success();
                }
                if let Some(id) = attempt.incoming.dead_letter_id() {
                    dead_letter::write(ports, id, None).await?;
                }
                self.finish(attempt);
                Ok(())
            }
        }
    }

    /// Marks the message of an attempt as settled.
    fn finish(&mut self, attempt: &Attempt) {
        let incoming = &attempt.incoming;
        self.newer
            .retain(|message| *message != incoming.envelope.metadata.id);
        self.queue.finish(attempt.key);
        self.mark_touched(&incoming.origin);
        self.mark_progress(incoming.partition());
    }

    /// Makes the message of an attempt wait until `due`. Later messages of its stream wait, too.
    async fn retry(
        &mut self,
        attempt: &Attempt,
        next_attempt: u32,
        due: Timestamp,
    ) -> Result<(), Error> {
        let incoming = &attempt.incoming;
        if let Some(id) = incoming.dead_letter_id() {
            // Any engine may try a replay again.
            self.queue.finish(attempt.key);
            return dead_letter::postpone(&attempt.ports, id, next_attempt, due).await;
        }

        self.mark_touched(&incoming.origin);
        self.mark_progress(incoming.partition());
        self.queue.retry(attempt.key, next_attempt, due, None);
        Ok(())
    }

    /// Settles a message whose retries are exhausted: writes a dead letter, or skips the message.
    async fn finish_exhausted(
        &mut self,
        attempt: &Attempt,
        report: &AttemptReport,
        error: &Error,
    ) -> Result<(), Error> {
        let (ports, incoming) = (&*attempt.ports, &attempt.incoming);
        let is_dead_lettered = attempt.when_exhausted == WhenExhausted::DeadLetter;

        if is_dead_lettered && let Err(err) = self.write_dead_letter(attempt, report, error).await {
            let reason = err.with_causes();
            tracing::error!(subscription = &*self.name, error = %reason, "a dead letter could not be stored");

            // Another attempt is better than a lost message.
            let due = ports.clock.now() + DEAD_LETTER_RETRY;
            return self.retry(attempt, incoming.attempt, due).await;
        }

        let (handler, attempts) = (report.handler, incoming.attempt);
        tracing::error!(
            handler,
            attempts,
            is_dead_lettered,
            "the retries of a message are exhausted"
        );
        ports.record_for(incoming.envelope.metadata.id, || {
            EntryKind::RetriesExhausted {
                handler,
                attempts,
                is_dead_lettered,
            }
        });

        if let (Some(id), false) = (incoming.dead_letter_id(), is_dead_lettered) {
            dead_letter::write(ports, id, None).await?;
        }
        self.finish(attempt);
        Ok(())
    }

    /// Writes a dead letter and the ledger in one commit, so that the message is neither lost nor
    /// tried again.
    async fn write_dead_letter(
        &self,
        attempt: &Attempt,
        report: &AttemptReport,
        error: &Error,
    ) -> Result<(), Error> {
        let incoming = &attempt.incoming;
        let id = match incoming.dead_letter_id() {
            Some(id) => Arc::clone(id),
            None => dead_letter::id_of(&self.name, &incoming.envelope),
        };
        let letter = StoredDeadLetter::new(
            &attempt.ports,
            (&self.name, report.handler),
            &incoming.envelope,
            incoming.attempt,
            error,
        );

        let mut changes = dead_letter::changes(&id, Some(&letter))?;
        if let Some(partition) = incoming.partition() {
            let ledger = self.ledger(partition, Some(attempt.key));
            changes.ledgers.extend(ledger);
        }
        attempt.ports.store.commit(&changes).await?;
        Ok(())
    }

    /// Makes the message of a crashed attempt ready for the next one.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn retry_after_crash(&mut self, attempt: &Attempt) {
        let (incoming, now) = (&attempt.incoming, attempt.ports.clock.now());
        self.mark_touched(&incoming.origin);
        self.queue
            .retry(attempt.key, incoming.attempt + 1, now, None);
    }

    /// Schedules another attempt of a message whose task has panicked.
    pub(in crate::engine) fn retry_after_panic(
        &mut self,
        ports: &Ports,
        (key, incoming): (QueueKey, &IncomingMessage),
    ) {
        let due = ports.clock.now() + PANIC_RETRY;
        self.mark_touched(&incoming.origin);
        self.queue.retry(key, incoming.attempt + 1, due, None);
    }
}

/// Returns when a failed message is tried again.
fn retry_at(attempt: &Attempt, report: &AttemptReport) -> Timestamp {
    let now = attempt.ports.clock.now();

    // The id maker is the source of randomness, so with virtual ids the jitter is reproducible.
    let incoming = &attempt.incoming;
    let message = incoming.envelope.metadata.id.as_uuid();
    // Without a handler, the first attempt is the last one, so there is no retry.
    let handler = report.handler.unwrap_or_default();
    // The largest index. A handler never reaches it, so none of its messages gets this id.
    let context = IdContext::new(Some(message), handler, incoming.attempt, u32::MAX);
    let (_, random) = attempt.ports.ids.make(context).as_u64_pair();

    now + attempt.retry.delay_after(incoming.attempt, random)
}
