use std::{future::pending, time::Duration};

use tokio::time::timeout;

use crate::engine::{background::lease::RENEW_AFTER, background::worker::Worker};

/// The longest time that a stopping engine waits for the adapters to release its messages.
pub(in crate::engine) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The delay before settling is tried again.
const SETTLE_RETRY: Duration = Duration::from_millis(100);

/// What a worker did with its attempts in flight when it stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct DrainReport {
    pub(in crate::engine) n_finished: usize,
    pub(in crate::engine) n_abandoned: usize,
}

impl Worker {
    /// Finishes the attempts in flight, abandons those that take longer than `grace`, and releases
    /// the untried messages.
    pub(in crate::engine) async fn drain(mut self, grace: Duration) -> DrainReport {
        let n_unfinished = self.in_flight.len() + self.unsettled.len();
        let mut n_finished = 0;

        let finished = timeout(grace, self.finish_in_flight(&mut n_finished)).await;
        let n_abandoned = n_unfinished - n_finished;
        if finished.is_err() {
            let subscription = &*self.consumer.name;
            tracing::warn!(
                subscription,
                n_abandoned,
                "attempts were abandoned after the grace period"
            );
        }

        self.in_flight.abandon();
        let subscription = self.consumer.name.clone();
        if timeout(CLOSE_TIMEOUT, self.release()).await.is_err() {
            tracing::warn!(subscription = &*subscription, "an adapter does not answer");
        }

        DrainReport {
            n_finished,
            n_abandoned,
        }
    }

    /// Waits for the attempts in flight and settles them.
    ///
    /// Adds each one to `n_finished` at once, so the count is right if a timeout drops this future.
    async fn finish_in_flight(&mut self, n_finished: &mut usize) {
        while !self.in_flight.is_empty() {
            let next = timeout(RENEW_AFTER, self.in_flight.next()).await;
            match next {
                Ok(completion) => *n_finished += usize::from(self.complete(completion).await),
                Err(_) => {
                    // Keep the lease while the handlers run. A failure does not matter here,
                    // because the checkpoint is saved only if nobody else has written it.
                    let _ = self.acquire_lease().await;
                }
            }
        }

        while !self.unsettled.is_empty() {
            let n_before = self.unsettled.len();
            let settled = self.retry_settling().await;

            // On an error, `retry_settling` may have dropped an attempt whose lease has ended. That
            // one is not finished.
            let n_settled = n_before - self.unsettled.len();
            *n_finished += if settled.is_ok() { n_settled } else { 0 };

            if settled.is_err() {
                // A plain wait: clippy disallows `sleep`.
                let _ = timeout(SETTLE_RETRY, pending::<()>()).await;
            }
        }
    }

    /// Releases the untried messages, saves the checkpoint and releases the lease. Logs the errors.
    async fn release(&mut self) {
        let app = self.app.clone();

        let messages_released = self.consumer.release_all(&app.ports, None).await;
        let checkpoint_saved = match &messages_released {
            Ok(()) => self.save_checkpoint(&app.ports).await,
            Err(_) => Ok(()),
        };
        let lease_released = match &mut self.lease {
            Some(lease) => lease.release(&app.ports).await,
            None => Ok(()),
        };

        for err in [messages_released, checkpoint_saved, lease_released]
            .into_iter()
            .filter_map(Result::err)
        {
            let (subscription, error) = (&*self.consumer.name, err.with_causes());
            tracing::error!(subscription, %error, "the subscription could not be released");
        }
    }
}
