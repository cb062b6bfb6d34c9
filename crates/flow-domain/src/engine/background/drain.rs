use std::time::Duration;

use tokio::time::timeout;

use crate::engine::{
    StopReport,
    background::worker::{TURN_INTERVAL, Worker},
};

/// The longest time that a stopping engine waits for the adapters to release its partitions.
pub(in crate::engine) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl Worker {
    /// Finishes the attempts in flight, abandons those that take longer than `grace`, and releases
    /// the partitions.
    pub(in crate::engine) async fn drain(mut self, grace: Duration) -> StopReport {
        let n_unfinished = self.in_flight.len();
        let mut n_finished = 0;

        let finished = timeout(grace, self.finish_in_flight(&mut n_finished)).await;
        let n_abandoned = n_unfinished - n_finished;
        let subscription = &*self.name;
        if finished.is_err() {
            tracing::warn!(
                subscription,
                n_abandoned,
                "attempts were abandoned after the grace period"
            );
        }

        self.in_flight.abandon();
        let leave = async { self.consumer.lock().await.leave(&self.app.ports).await };
        match timeout(CLOSE_TIMEOUT, leave).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => {
                let error = err.with_causes();
                tracing::error!(subscription, %error, "the subscription could not be released");
            }
            Err(_) => tracing::warn!(subscription, "an adapter does not answer"),
        }

        StopReport {
            finished: n_finished,
            abandoned: n_abandoned,
        }
    }

    /// Waits for the attempts in flight.
    ///
    /// Adds each one to `n_finished` at once, so the count is right if a timeout drops this future.
    async fn finish_in_flight(&mut self, n_finished: &mut usize) {
        while !self.in_flight.is_empty() {
            match timeout(TURN_INTERVAL, self.in_flight.next()).await {
                Ok(completion) => *n_finished += usize::from(self.complete(completion).await),
                Err(_) => {
                    // Keep the leases while the handlers run. A failure does not matter here, because
                    // no engine can commit for a partition that another one owns.
                    let _ = self.take_turn().await;
                }
            }
        }
    }
}
