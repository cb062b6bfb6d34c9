use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        background::in_flight::{Completed, Completion, InFlight},
        background::lease::{Lease, RENEW_AFTER},
        background::waiter::{Waiter, Wake},
        dead_letter,
        delivery::attempt::AttemptResult,
        delivery::consumer::Consumer,
        delivery::incoming::IncomingMessage,
    },
    error::Error,
    handler::Ports,
    runtime::App,
};

/// Runs one subscription: reads messages, tries several at once, and settles each.
#[derive(Debug)]
pub(in crate::engine) struct Worker {
    pub(in crate::engine) app: App,
    pub(in crate::engine) consumer: Consumer,
    pub(in crate::engine) in_flight: InFlight,
    /// Attempts that have ended and could not be settled, because the adapter failed.
    pub(in crate::engine) unsettled: Vec<Completed>,
    /// Set if the subscription reads the event store.
    pub(in crate::engine) lease: Option<Lease>,
    pub(in crate::engine) waiter: Waiter,
}

impl Worker {
    pub(in crate::engine) fn new(
        app: App,
        consumer: Consumer,
        worker: &Arc<str>,
        waiter: Waiter,
    ) -> Self {
        let lease = consumer
            .reads_store()
            .then(|| Lease::new(Arc::clone(&consumer.name), Arc::clone(worker)));

        Self {
            app,
            consumer,
            in_flight: InFlight::default(),
            unsettled: Vec::new(),
            lease,
            waiter,
        }
    }

    /// Runs until the stop signal is set.
    pub(in crate::engine) async fn run(&mut self) {
        while !self.waiter.stop.is_set() {
            let at_most = match self.run_once().await {
                Ok(at_most) => {
                    self.waiter.record_success();
                    at_most
                }
                Err(err) => {
                    let again_in = self.waiter.record_failure();
                    self.log_failure(&err, again_in);
                    again_in
                }
            };

            let wake = self.waiter.wait(at_most, self.in_flight.next()).await;
            if let Wake::Ready(completion) = wake {
                self.complete(completion).await;
            }
        }
    }

    fn log_failure(&self, err: &Error, again_in: Duration) {
        let error = err.with_causes();
        tracing::error!(subscription = &*self.consumer.name, %error, ?again_in, "an adapter failed");
    }

    /// Settles attempts that have ended, reads messages, and starts as many attempts as possible.
    ///
    /// Returns how long the worker may wait before the next call, if no attempt ends earlier.
    async fn run_once(&mut self) -> Result<Duration, Error> {
        while let Some(completion) = self.in_flight.try_next() {
            self.complete(completion).await;
        }
        self.retry_settling().await?;

        if !self.acquire_lease().await? {
            return Ok(RENEW_AFTER);
        }

        let app = self.app.clone();
        let ports = &*app.ports;
        self.consumer.release_expiring(ports).await?;

        // Backfill is first in `ready`: read first, because a primary message has to go before it.
        if self.consumer.is_backfill_next() && !self.is_full() {
            self.read(ports).await?;
        }

        self.start_ready(&app).await?;
        while !self.is_full() && self.read(ports).await? {
            self.start_ready(&app).await?;
        }

        if self.in_flight.is_empty() && self.consumer.ready.is_empty() {
            self.time_until_due(ports).await
        } else {
            Ok(RENEW_AFTER)
        }
    }

    /// Acquires or renews the lease; returns false if another engine reads for this subscription.
    pub(in crate::engine) async fn acquire_lease(&mut self) -> Result<bool, Error> {
        let Some(lease) = &mut self.lease else {
            return Ok(true);
        };

        let was_held = lease.is_held();
        let is_held = lease.acquire_or_renew(&self.app.ports).await?;

        // The other engine delivers the same events, so stop handling them here.
        if was_held && !is_held {
            let subscription = &*self.consumer.name;
            tracing::warn!(
                subscription,
                "another engine has taken over the subscription"
            );
            self.in_flight.abandon();
            self.consumer.forget();
        }

        Ok(is_held)
    }

    fn is_full(&self) -> bool {
        self.consumer.max_in_flight() <= self.in_flight.len()
    }

    /// Reads messages; returns false if there were none.
    async fn read(&mut self, ports: &Ports) -> Result<bool, Error> {
        let n_before = self.consumer.ready.len();
        self.consumer.fill(ports).await?;
        let has_read = n_before < self.consumer.ready.len();

        if has_read {
            self.waiter.reset_idle_delay();
        } else if self.in_flight.is_empty() && n_before == 0 {
            // The feed may have moved past events that the subscription skips: save its position.
            self.save_checkpoint(ports).await?;
        }

        Ok(has_read)
    }

    /// Saves the checkpoint. On an error, drops the state in memory, so the next read loads it
    /// again.
    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        let saved = self.consumer.save_checkpoint(ports).await;
        if saved.is_err() {
            self.consumer.forget();
        }

        saved
    }

    /// Starts attempts for the messages that are ready, as many as the subscription allows.
    async fn start_ready(&mut self, app: &App) -> Result<(), Error> {
        while !self.is_full() {
            let Some(idx) = self
                .consumer
                .next_idx_by_lane(|message| self.is_busy(message))
            else {
                break;
            };

            // All engines see a replayed dead letter, so claim it first. The claim lasts as long as
            // the lease of a message from the broker.
            if let Some(id) = self.consumer.ready[idx].dead_letter_id().cloned() {
                let lease = self.consumer.settings.time_limit.saturating_mul(4);
                let until = app.now() + lease;
                if !dead_letter::claim(&app.ports, &id, until).await? {
                    self.consumer.ready.remove(idx);
                    continue;
                }
            }

            let processing = self.consumer.target.processing(app);
            let attempt = self.consumer.take(idx, &app.ports, 0, processing);
            if let Some(attempt) = attempt {
                self.in_flight.start(app, attempt);
            }
        }

        Ok(())
    }

    /// Returns true if `incoming` has to wait for an unsettled message of its stream.
    fn is_busy(&self, incoming: &IncomingMessage) -> bool {
        let unsettled = self
            .unsettled
            .iter()
            .map(|completed| &completed.attempt.incoming);

        self.consumer.settings.ordered
            && self
                .in_flight
                .incoming()
                .chain(unsettled)
                .any(|other| other.shares_stream(incoming))
    }

    /// Returns the time until the next retry is due, at most until the lease has to be renewed.
    async fn time_until_due(&self, ports: &Ports) -> Result<Duration, Error> {
        let now = ports.clock.now();
        let due = self.consumer.next_due(ports).await?;
        let wait = due.map(|due| due.since(now)).filter(|wait| !wait.is_zero());

        // If a message is due but was not read, something else delays it. Then its due time does
        // not tell how long to wait.
        Ok(wait.unwrap_or(RENEW_AFTER).min(RENEW_AFTER))
    }

    /// Settles an attempt that has ended; returns false if settling failed.
    pub(in crate::engine) async fn complete(&mut self, completion: Completion) -> bool {
        let app = self.app.clone();
        let settled = match completion {
            Completion::Completed(completed) => {
                let has_failed = matches!(completed.report.result, AttemptResult::Failed { .. });
                let is_newer = matches!(completed.report.result, AttemptResult::NewerEvent(_));
                if !is_newer {
                    self.count_attempt(!has_failed);
                }
                log_stall(&completed);

                let Completed { attempt, report } = &*completed;
                let settled = self.consumer.settle(attempt, report).await;
                if settled.is_err() && !self.consumer.reads_store() {
                    self.unsettled.push(*completed);
                }

                settled
            }
            Completion::TaskPanicked(incoming, err) => {
                let subscription = &*self.consumer.name;
                tracing::error!(subscription, error = %err, "the task of an attempt panicked");
                self.count_attempt(false);
                self.consumer
                    .redeliver_after_panic(&app.ports, &incoming)
                    .await
            }
        };

        let open_until = self.consumer.paused_until(app.ports.clock.now());
        let paused = &self.consumer.paused;
        let (n_paused, paused_until) = (
            paused.len(),
            paused.iter().map(|stream| stream.retry_at).max(),
        );
        app.ports
            .engine_metrics
            .update(&self.consumer.name, |metrics| {
                metrics.open_until = open_until;
                metrics.n_paused_streams = n_paused;
                metrics.paused_until = paused_until;
            });

        if let Err(err) = &settled {
            self.log_failure(err, Duration::ZERO);
            if self.consumer.reads_store() {
                // Nobody knows whether the checkpoint was saved, so load it again.
                self.consumer.forget();
            }
        }

        settled.is_ok()
    }

    /// Settles the attempts that could not be settled before.
    pub(in crate::engine) async fn retry_settling(&mut self) -> Result<(), Error> {
        let now = self.app.now();
        while let Some(completed) = self.unsettled.pop() {
            let settled = self
                .consumer
                .settle(&completed.attempt, &completed.report)
                .await;

            if let Err(err) = settled {
                // After the end of its lease the message is delivered again: there is nothing to
                // settle.
                if now < completed.attempt.incoming.held_until {
                    self.unsettled.push(completed);
                }

                return Err(err);
            }
        }

        Ok(())
    }

    fn count_attempt(&self, is_handled: bool) {
        let metrics = &self.app.ports.engine_metrics;
        metrics.update(&self.consumer.name, |metrics| {
            metrics.n_handled += u64::from(is_handled);
            metrics.n_failed += u64::from(!is_handled);
        });
    }
}

/// Logs a stall in the inline cascade of a command. No other code reports it.
fn log_stall(completed: &Completed) {
    let inline = completed.report.inline.as_ref();
    if let Some(stall) = inline.and_then(|inline| inline.stall.as_deref()) {
        tracing::error!(handler = completed.report.handler, error = %stall, "the cascade of a command did not settle");
    }
}
