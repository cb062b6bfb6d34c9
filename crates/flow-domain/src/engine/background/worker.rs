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

/// One subscription at work: reads, tries several messages at once, and settles each.
#[derive(Debug)]
pub(in crate::engine) struct Worker {
    pub(in crate::engine) app: App,
    pub(in crate::engine) consumer: Consumer,
    pub(in crate::engine) in_flight: InFlight,
    /// What was tried and could not be settled, because the adapter failed.
    pub(in crate::engine) unsettled: Vec<Completed>,
    /// Set if it reads the event store.
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

    /// Works until it is time to stop.
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
            let woken = self.waiter.wait(at_most, self.in_flight.next()).await;

            if let Wake::Ready(landing) = woken {
                self.complete(landing).await;
            }
        }
    }

    fn log_failure(&self, err: &Error, again_in: Duration) {
        let error = err.with_causes();
        tracing::error!(subscription = &*self.consumer.name, %error, ?again_in, "an adapter failed");
    }

    /// Settles what is over, and starts what can be started; returns how long there is nothing to do but
    /// to wait.
    async fn run_once(&mut self) -> Result<Duration, Error> {
        while let Some(landing) = self.in_flight.try_next() {
            self.complete(landing).await;
        }

        self.retry_settling().await?;
        if !self.acquire_lease().await? {
            return Ok(RENEW_AFTER);
        }

        let app = self.app.clone();
        let ports = &*app.ports;

        self.consumer.release_expiring(ports).await?;
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

    /// Returns false if another engine reads for this subscription.
    pub(in crate::engine) async fn acquire_lease(&mut self) -> Result<bool, Error> {
        let Some(lease) = &mut self.lease else {
            return Ok(true);
        };

        let held_it = lease.is_held();
        let holds_it = lease.acquire_or_renew(&self.app.ports).await?;

        if held_it && !holds_it {
            let subscription = &*self.consumer.name;
            tracing::warn!(subscription, "another engine has taken over");
            self.in_flight.abandon();
            self.consumer.forget();
        }

        Ok(holds_it)
    }

    fn is_full(&self) -> bool {
        self.consumer.max_in_flight() <= self.in_flight.len()
    }

    /// Reads; returns false if that brought nothing.
    async fn read(&mut self, ports: &Ports) -> Result<bool, Error> {
        let n_before = self.consumer.ready.len();
        self.consumer.fill(ports).await?;
        let has_read = n_before < self.consumer.ready.len();

        if has_read {
            self.waiter.reset_idle_delay();
        } else if self.in_flight.is_empty() && n_before == 0 {
            self.save_checkpoint(ports).await?;
        }

        Ok(has_read)
    }

    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        let saved = self.consumer.save_checkpoint(ports).await;
        if saved.is_err() {
            self.consumer.forget();
        }
        saved
    }

    async fn start_ready(&mut self, app: &App) -> Result<(), Error> {
        while !self.is_full() {
            let Some(idx) = self.consumer.next_idx_by_lane(|one| self.is_busy(one)) else {
                break;
            };

            if let Some(letter) = self.consumer.ready[idx].dead_letter_id().cloned() {
                let lease = self.consumer.settings.time_limit.saturating_mul(4);
                let until = app.now() + lease;
                if !dead_letter::claim(&app.ports, &letter, until).await? {
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

    /// Returns true if `incoming` has to wait for something that is not settled.
    fn is_busy(&self, incoming: &IncomingMessage) -> bool {
        let unsettled = self.unsettled.iter().map(|one| &one.attempt.incoming);
        let mut open = self.in_flight.incoming().chain(unsettled);
        self.consumer.settings.ordered && open.any(|one| one.shares_stream(incoming))
    }

    /// How long it is until something is due that was tried before.
    async fn time_until_due(&self, ports: &Ports) -> Result<Duration, Error> {
        let now = ports.clock.now();
        let due = self.consumer.next_due(ports).await?;
        let wait = due.map(|due| due.since(now)).filter(|wait| !wait.is_zero());
        // What is due and was not handed out has to wait for something else.
        Ok(wait.unwrap_or(RENEW_AFTER).min(RENEW_AFTER))
    }

    /// Settles an attempt that is over; returns false if that has to be done again.
    pub(in crate::engine) async fn complete(&mut self, landing: Completion) -> bool {
        let app = self.app.clone();
        let settled = match landing {
            Completion::Completed(landed) => {
                self.count_attempt(!matches!(
                    landed.attempted.result,
                    AttemptResult::Failed { .. }
                ));
                let Completed { attempt, attempted } = &*landed;
                log_stall(&landed);
                let settled = self.consumer.settle(attempt, attempted).await;

                if settled.is_err() && !self.consumer.reads_store() {
                    self.unsettled.push(*landed);
                }

                settled
            }
            Completion::TaskPanicked(incoming, err) => {
                let subscription = &*self.consumer.name;
                tracing::error!(subscription, error = %err, "an attempt broke off");
                self.count_attempt(false);
                self.consumer
                    .redeliver_after_panic(&app.ports, &incoming)
                    .await
            }
        };
        let open_until = self.consumer.pauses_until(&app.ports);
        let gauges = &app.ports.engine_metrics;

        gauges.update(&self.consumer.name, |gauge| gauge.open_until = open_until);
        if let Err(err) = &settled {
            self.log_failure(err, Duration::ZERO);
            if self.consumer.reads_store() {
                // The store knows better than this engine what is done with.
                self.consumer.forget();
            }
        }

        settled.is_ok()
    }

    /// Settles what could not be settled before.
    pub(in crate::engine) async fn retry_settling(&mut self) -> Result<(), Error> {
        let now = self.app.now();
        while let Some(landed) = self.unsettled.pop() {
            let settled = self
                .consumer
                .settle(&landed.attempt, &landed.attempted)
                .await;

            if let Err(err) = settled {
                // After the lease it is handed out again, and is not waited for.
                if now < landed.attempt.incoming.held_until {
                    self.unsettled.push(landed);
                }
                return Err(err);
            }
        }

        Ok(())
    }

    fn count_attempt(&self, is_handled: bool) {
        let gauges = &self.app.ports.engine_metrics;
        gauges.update(&self.consumer.name, |gauge| {
            gauge.n_handled += u64::from(is_handled);
            gauge.n_failed += u64::from(!is_handled);
        });
    }
}

/// Nobody else hears of what a command caused inline.
fn log_stall(landed: &Completed) {
    let inline = landed.attempted.inline.as_ref();
    if let Some(stall) = inline.and_then(|inline| inline.stall.as_ref()) {
        tracing::error!(handler = landed.attempted.handler, error = %stall, "what a command causes does not end");
    }
}
