use std::{future::pending, time::Duration};

use tokio::time::timeout;

use crate::engine::{background::lease::RENEW_AFTER, background::worker::Worker};

/// How long an engine that stops waits at most for adapters to take back what it gives back.
pub(in crate::engine) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long is waited before what could not be settled is settled again.
const SETTLE_RETRY: Duration = Duration::from_millis(100);

/// What a subscription did at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct DrainReport {
    pub(in crate::engine) n_finished: usize,
    pub(in crate::engine) n_abandoned: usize,
}

impl Worker {
    /// Finishes what is on its way, abandons what takes longer than `grace`, and gives back the rest.
    pub(in crate::engine) async fn drain(mut self, grace: Duration) -> DrainReport {
        let n_open = self.in_flight.len() + self.unsettled.len();
        let mut n_finished = 0;
        let finished = timeout(grace, self.finish_in_flight(&mut n_finished)).await;
        let n_abandoned = n_open - n_finished;

        if finished.is_err() {
            let subscription = &*self.consumer.name;
            tracing::warn!(
                subscription,
                n_abandoned,
                "abandoned after the grace period"
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

    async fn finish_in_flight(&mut self, n_finished: &mut usize) {
        while !self.in_flight.is_empty() {
            let landing = timeout(RENEW_AFTER, self.in_flight.next()).await;
            match landing {
                Ok(landing) => *n_finished += usize::from(self.complete(landing).await),
                Err(_) => {
                    let _ = self.acquire_lease().await;
                }
            }
        }

        while !self.unsettled.is_empty() {
            let n_before = self.unsettled.len();
            let settled = self.retry_settling().await;
            // What failed once more and is too late to be settled is dropped, and not finished.
            let n_settled = n_before - self.unsettled.len();

            *n_finished += if settled.is_ok() { n_settled } else { 0 };
            if settled.is_err() {
                let _ = timeout(SETTLE_RETRY, pending::<()>()).await;
            }
        }
    }

    async fn release(&mut self) {
        let app = self.app.clone();
        let given_back = self.consumer.release_all(&app.ports, None).await;
        let saved = match &given_back {
            Ok(()) => self.save_checkpoint(&app.ports).await,
            Err(_) => Ok(()),
        };
        let released = match &mut self.lease {
            Some(lease) => lease.release(&app.ports).await,
            None => Ok(()),
        };

        for err in [given_back, saved, released]
            .into_iter()
            .filter_map(Result::err)
        {
            let (subscription, error) = (&*self.consumer.name, err.with_causes());
            tracing::error!(subscription, %error, "could not be given back");
        }
    }
}
