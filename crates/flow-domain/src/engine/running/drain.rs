use std::{future::pending, time::Duration};

use tokio::time::timeout;

use crate::engine::{running::lease::RENEWED_AFTER, running::worker::Worker};

/// How long an engine that stops waits at most for adapters to take back what it gives back.
pub(in crate::engine) const CLOSING: Duration = Duration::from_secs(5);

/// How long is waited before what could not be settled is settled again.
const AGAIN: Duration = Duration::from_millis(100);

/// What a subscription did at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Drained {
    pub(in crate::engine) n_finished: usize,
    pub(in crate::engine) n_abandoned: usize,
}

impl Worker {
    /// Finishes what is on its way, abandons what takes longer than `grace`, and gives back the rest.
    pub(in crate::engine) async fn drain(mut self, grace: Duration) -> Drained {
        let n_open = self.flights.len() + self.unsettled.len();
        let mut n_finished = 0;
        let finished = timeout(grace, self.finish(&mut n_finished)).await;
        let n_abandoned = n_open - n_finished;
        if finished.is_err() {
            let subscription = &*self.consumer.name;
            tracing::warn!(
                subscription,
                n_abandoned,
                "abandoned after the grace period"
            );
        }
        self.flights.abandon();
        let subscription = self.consumer.name.clone();
        if timeout(CLOSING, self.give_back()).await.is_err() {
            tracing::warn!(subscription = &*subscription, "an adapter does not answer");
        }
        Drained {
            n_finished,
            n_abandoned,
        }
    }

    async fn finish(&mut self, n_finished: &mut usize) {
        while !self.flights.is_empty() {
            let landing = timeout(RENEWED_AFTER, self.flights.next()).await;
            match landing {
                Ok(landing) => *n_finished += usize::from(self.land(landing).await),
                Err(_) => {
                    let _ = self.holds_lease().await;
                }
            }
        }
        while !self.unsettled.is_empty() {
            let n_before = self.unsettled.len();
            let settled = self.settle_again().await;
            // What failed once more and is too late to be settled is dropped, and not finished.
            let n_settled = n_before - self.unsettled.len();
            *n_finished += if settled.is_ok() { n_settled } else { 0 };
            if settled.is_err() {
                let _ = timeout(AGAIN, pending::<()>()).await;
            }
        }
    }

    async fn give_back(&mut self) {
        let app = self.app.clone();
        let given_back = self.consumer.give_back_all(&app.ports, None).await;
        let saved = match &given_back {
            Ok(()) => self.save_position(&app.ports).await,
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
