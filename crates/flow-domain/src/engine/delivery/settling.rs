use std::{sync::Arc, time::Duration};

use crate::{
    clock::{IdContext, Timestamp},
    engine::{
        dead_letter::{self, StoredDeadLetter},
        delivery::attempt::{Attempt, AttemptReport, AttemptResult},
        delivery::consumer::{Consumer, Feed},
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
    },
    error::Error,
    handler::{Ports, WhenExhausted},
    record::EntryKind,
};

/// The delay before another attempt if the dead letter could not be written.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(1);

/// Settling of attempts and messages.
impl Consumer {
    /// Settles an attempt: acknowledges the message, schedules a retry or writes a dead letter.
    pub(in crate::engine) async fn settle(
        &mut self,
        attempt: &Attempt,
        report: &AttemptReport,
    ) -> Result<(), Error> {
        let ports = &*attempt.ports;
        let now = ports.clock.now();
        if let AttemptResult::NewerEvent(error) = &report.result {
            return self.pause_stream(attempt, error).await;
        }
        self.resume_stream(&attempt.incoming);

        let AttemptResult::Failed { error, is_last } = &report.result else {
            if !report.is_ignored() {
                self.breaker.record_success();
            }
            return self
                .settle_message(ports, &attempt.incoming, SettleAction::Acknowledge)
                .await;
        };

        let opens = self
            .breaker
            .record_failure(self.settings.circuit_breaker, now);

        if *is_last {
            self.finish_exhausted(attempt, report, error).await?;
        } else {
            let due = retry_at(attempt, report);
            ports.record(Some(report.entry), || EntryKind::RetryScheduled(due));

            let action = SettleAction::Redeliver {
                due,
                counts_as_attempt: true,
            };
            self.settle_message(ports, &attempt.incoming, action)
                .await?;
            self.release_stream(ports, &attempt.incoming, due).await?;
        }

        if opens {
            tracing::warn!(subscription = &*self.name, "circuit breaker opened");
            self.release_all(ports, self.breaker.open_until(now))
                .await?;
        }

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

        if is_dead_lettered {
            let id = match &incoming.receipt {
                Receipt::DeadLetter(id) => Arc::clone(id),
                _ => dead_letter::id_of(&self.name, &incoming.envelope),
            };
            let now = ports.clock.now();
            let letter = self.dead_letter(incoming, report, error, now);

            if let Err(err) = dead_letter::write(ports, &id, Some(&letter)).await {
                let reason = err.with_causes();
                tracing::error!(subscription = &*self.name, error = %reason, "a dead letter could not be stored");

                // Another attempt is better than a lost message.
                let due = now + DEAD_LETTER_RETRY;
                let action = SettleAction::Redeliver {
                    due,
                    counts_as_attempt: false,
                };
                self.settle_message(ports, incoming, action).await?;
                return self.release_stream(ports, incoming, due).await;
            }
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

        match incoming.receipt {
            // The failed replay has overwritten the dead letter, and settling would delete it.
            Receipt::DeadLetter(_) if is_dead_lettered => Ok(()),
            _ => {
                self.settle_message(ports, incoming, SettleAction::Acknowledge)
                    .await
            }
        }
    }

    fn dead_letter(
        &self,
        incoming: &IncomingMessage,
        report: &AttemptReport,
        error: &Error,
        now: Timestamp,
    ) -> StoredDeadLetter {
        // A replay upcasts the event again, perhaps by a corrected step.
        let stored = incoming.envelope.as_stored();

        StoredDeadLetter {
            subscription: self.name.to_string(),
            handler: report.handler.map(str::to_owned),
            metadata: stored.metadata.clone(),
            message: stored.message.as_json().to_owned(),
            reason: error.with_causes().to_string(),
            attempts: incoming.attempt,
            failed_at: now,
            is_replayed: false,
            attempt: 1,
            due: now,
        }
    }

    /// Settles a message with the source that it came from.
    pub(in crate::engine) async fn settle_message(
        &mut self,
        ports: &Ports,
        incoming: &IncomingMessage,
        action: SettleAction,
    ) -> Result<(), Error> {
        match (&incoming.receipt, &mut self.feed) {
            (Receipt::Broker(message), Feed::Broker(feed)) => {
                feed.settle(ports, message, action).await
            }
            (Receipt::Store(position), Feed::Store(feed)) => {
                feed.settle(ports, *position, action).await
            }
            // An untried dead letter needs no release, because it is claimed only for an attempt.
            // Another engine may have claimed it by now.
            (Receipt::DeadLetter(_), _)
                if matches!(
                    action,
                    SettleAction::Redeliver {
                        counts_as_attempt: false,
                        ..
                    }
                ) =>
            {
                Ok(())
            }
            (Receipt::DeadLetter(id), _) => dead_letter::settle(ports, id, action).await,
            _ => Ok(()),
        }
    }

    /// Releases the ready messages of the stream of `failed`, which is retried at `due`.
    ///
    /// They must not be due before `failed`: an earlier due time would hide when the stream can
    /// continue.
    pub(in crate::engine) async fn release_stream(
        &mut self,
        ports: &Ports,
        failed: &IncomingMessage,
        due: Timestamp,
    ) -> Result<(), Error> {
        if !self.settings.ordered || matches!(failed.receipt, Receipt::DeadLetter(_)) {
            return Ok(());
        }

        let mut idx = 0;
        while idx < self.ready.len() {
            if self.ready[idx].shares_stream(failed)
                && let Some(later) = self.ready.remove(idx)
            {
                let action = SettleAction::Redeliver {
                    due,
                    counts_as_attempt: false,
                };
                self.settle_message(ports, &later, action).await?;
            } else {
                idx += 1;
            }
        }

        Ok(())
    }

    /// Releases all messages that were not tried. They are due at `until`; `None` means now.
    pub(in crate::engine) async fn release_all(
        &mut self,
        ports: &Ports,
        until: Option<Timestamp>,
    ) -> Result<(), Error> {
        let due = until.unwrap_or_else(|| ports.clock.now());
        while let Some(incoming) = self.ready.pop_front() {
            let action = SettleAction::Redeliver {
                due,
                counts_as_attempt: false,
            };
            self.settle_message(ports, &incoming, action).await?;
        }

        Ok(())
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
