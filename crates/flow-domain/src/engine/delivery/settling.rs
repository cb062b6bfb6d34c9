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

/// How long is waited if what is given up on cannot be kept.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(1);

/// What becomes of what was tried.
impl Consumer {
    /// Settles what was tried: it is done with, tried again, or given up on.
    pub(in crate::engine) async fn settle(
        &mut self,
        attempt: &Attempt,
        attempted: &AttemptReport,
    ) -> Result<(), Error> {
        let ports = &*attempt.ports;
        let now = ports.clock.now();
        let AttemptResult::Failed { error, is_last } = &attempted.result else {
            if !attempted.is_ignored() {
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
            self.give_up(attempt, attempted, error).await?;
        } else {
            let at = retry_at(attempt, attempted, error);
            ports.record(Some(attempted.entry), || EntryKind::RetryScheduled(at));
            let fate = SettleAction::Redeliver {
                due: at,
                counts_as_attempt: true,
            };
            self.settle_message(ports, &attempt.incoming, fate).await?;
            self.release_stream(ports, &attempt.incoming, at).await?;
        }

        if opens {
            tracing::warn!(subscription = &*self.name, "circuit breaker opened");
            self.release_all(ports, self.breaker.open_until(now))
                .await?;
        }

        Ok(())
    }

    async fn give_up(
        &mut self,
        attempt: &Attempt,
        attempted: &AttemptReport,
        error: &Error,
    ) -> Result<(), Error> {
        let (ports, incoming) = (&*attempt.ports, &attempt.incoming);
        let is_kept = attempt.when_exhausted == WhenExhausted::DeadLetter;

        if is_kept {
            let id = match &incoming.receipt {
                Receipt::DeadLetter(id) => Arc::clone(id),
                _ => dead_letter::id_of(&self.name, &incoming.envelope),
            };
            let now = ports.clock.now();
            let kept = StoredDeadLetter {
                subscription: self.name.to_string(),
                handler: attempted.handler.to_owned(),
                metadata: incoming.envelope.metadata.clone(),
                message: incoming.envelope.message.as_json().to_owned(),
                reason: error.with_causes().to_string(),
                attempts: incoming.attempt,
                failed_at: now,
                is_replayed: false,
                attempt: 1,
                due: now,
            };

            if let Err(err) = dead_letter::write(ports, &id, Some(&kept)).await {
                // Better once more than lost.
                let reason = err.with_causes();
                tracing::error!(subscription = &*self.name, error = %reason, "a dead letter could not be kept");
                let at = now + DEAD_LETTER_RETRY;
                let fate = SettleAction::Redeliver {
                    due: at,
                    counts_as_attempt: false,
                };

                self.settle_message(ports, incoming, fate).await?;
                return self.release_stream(ports, incoming, at).await;
            }
        }

        let (handler, attempts) = (attempted.handler, incoming.attempt);
        tracing::error!(handler, attempts, is_kept, "gave up on a message");
        ports.record_for(incoming.envelope.metadata.id, || {
            EntryKind::RetriesExhausted {
                handler,
                attempts,
                is_dead_lettered: is_kept,
            }
        });

        match incoming.receipt {
            // It stays where it is.
            Receipt::DeadLetter(_) if is_kept => Ok(()),
            _ => {
                self.settle_message(ports, incoming, SettleAction::Acknowledge)
                    .await
            }
        }
    }

    /// Says what becomes of a message where it came from.
    pub(in crate::engine) async fn settle_message(
        &mut self,
        ports: &Ports,
        incoming: &IncomingMessage,
        fate: SettleAction,
    ) -> Result<(), Error> {
        match (&incoming.receipt, &mut self.feed) {
            (Receipt::Broker(handed), Feed::Broker(feed)) => feed.settle(ports, handed, fate).await,
            (Receipt::Store(position), Feed::Store(feed)) => {
                feed.settle(ports, *position, fate).await
            }
            // Nobody was told that it was taken, so that it need not be given back; another engine may
            // have it by now.
            (Receipt::DeadLetter(_), _)
                if matches!(
                    fate,
                    SettleAction::Redeliver {
                        counts_as_attempt: false,
                        ..
                    }
                ) =>
            {
                Ok(())
            }
            (Receipt::DeadLetter(id), _) => dead_letter::settle(ports, id, fate).await,
            _ => Ok(()),
        }
    }

    /// Gives back what was handed out behind a message that is tried again `at` a time. It is not due
    /// before, or it would hide when the stream goes on.
    pub(in crate::engine) async fn release_stream(
        &mut self,
        ports: &Ports,
        failed: &IncomingMessage,
        at: Timestamp,
    ) -> Result<(), Error> {
        if !self.settings.ordered || matches!(failed.receipt, Receipt::DeadLetter(_)) {
            return Ok(());
        }

        let mut idx = 0;
        while idx < self.ready.len() {
            if self.ready[idx].shares_stream(failed)
                && let Some(later) = self.ready.remove(idx)
            {
                let fate = SettleAction::Redeliver {
                    due: at,
                    counts_as_attempt: false,
                };
                self.settle_message(ports, &later, fate).await?;
            } else {
                idx += 1;
            }
        }

        Ok(())
    }

    /// Gives back everything that was not tried.
    pub(in crate::engine) async fn release_all(
        &mut self,
        ports: &Ports,
        until: Option<Timestamp>,
    ) -> Result<(), Error> {
        let at = until.unwrap_or_else(|| ports.clock.now());
        while let Some(incoming) = self.ready.pop_front() {
            let fate = SettleAction::Redeliver {
                due: at,
                counts_as_attempt: false,
            };
            self.settle_message(ports, &incoming, fate).await?;
        }

        Ok(())
    }
}

/// When an attempt that failed is followed by the next.
fn retry_at(attempt: &Attempt, attempted: &AttemptReport, error: &Error) -> Timestamp {
    let now = attempt.ports.clock.now();
    if error.is_conflict() {
        return now;
    }

    let incoming = &attempt.incoming;
    let message = incoming.envelope.metadata.id.as_uuid();
    let origin = IdContext::new(Some(message), attempted.handler, incoming.attempt, u32::MAX);
    let (_, chance) = attempt.ports.ids.make(origin).as_u64_pair();

    now + attempt.retry.delay_after(incoming.attempt, chance)
}
