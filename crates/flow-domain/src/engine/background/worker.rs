use std::time::Duration;

use tokio::time::Instant;

use crate::{
    clock::{Timestamp, monotonic_now},
    engine::{
        background::in_flight::{Completed, Completion, InFlight},
        background::waiter::{Waiter, Wake},
        dead_letter,
        delivery::attempt::AttemptResult,
        delivery::consumer::Consumer,
        delivery::partitions::LEASE,
        delivery::queue::QueueKey,
    },
    error::Error,
    runtime::App,
};

/// How often an engine renews its leases.
///
/// It is a quarter of the lease, so an engine does not lose a partition if the store fails twice.
pub(in crate::engine) const TURN_INTERVAL: Duration = Duration::from_millis(2_500);

/// How long a change of a ledger waits for others, so that they are saved together.
const SAVE_DELAY: Duration = Duration::from_millis(20);

/// How long a replay is hidden from other engines, as a multiple of the time limit.
const REPLAY_CLAIM_FACTOR: u32 = 4;

/// Runs one subscription: owns partitions, reads messages, tries several at once, and settles each.
#[derive(Debug)]
pub(in crate::engine) struct Worker {
    pub(in crate::engine) app: App,
    pub(in crate::engine) consumer: Consumer,
    pub(in crate::engine) in_flight: InFlight,
    pub(in crate::engine) waiter: Waiter,
    /// When the next turn is due.
    next_turn: Instant,
    /// Until when the partitions belong to this engine for sure.
    ///
    /// It is measured from before the turn, so it never ends later than the store says.
    owned_until: Instant,
    /// When the oldest unsaved change of a ledger was made; `None` if all are saved.
    unsaved_since: Option<Instant>,
}

impl Worker {
    pub(in crate::engine) fn new(app: App, consumer: Consumer, waiter: Waiter) -> Self {
        let now = monotonic_now();

        Self {
            app,
            consumer,
            in_flight: InFlight::default(),
            waiter,
            next_turn: now,
            owned_until: now,
            unsaved_since: None,
        }
    }

    /// Runs until the stop signal is set.
    pub(in crate::engine) async fn run(&mut self) {
        while !self.waiter.stop.is_set() {
            match self.run_once().await {
                Ok(at_most) => {
                    self.waiter.record_success();
                    self.wait(at_most).await;
                }
                // Another engine owns a partition by now, and the next turn tells which.
                Err(err) if err.is_fenced() => self.next_turn = monotonic_now(),
                Err(err) => self.back_off(&err).await,
            }
        }
    }

    /// Waits for an event, and settles an attempt that ends meanwhile.
    async fn wait(&mut self, at_most: Duration) {
        let wake = self.waiter.wait(at_most, self.in_flight.next()).await;
        if let Wake::Ready(completion) = wake {
            self.complete(completion).await;
        }
    }

    /// Waits before a failing adapter is used again. The leases are renewed meanwhile.
    async fn back_off(&mut self, err: &Error) {
        let delay = self.waiter.record_failure();
        let (subscription, error) = (&*self.consumer.name, err.with_causes());
        tracing::error!(subscription, %error, again_in = ?delay, "an adapter failed");

        let end = monotonic_now() + delay;
        while monotonic_now() < end && !self.waiter.stop.is_set() {
            let until = end.min(self.next_turn.max(monotonic_now() + SAVE_DELAY));
            self.wait(until - monotonic_now()).await;
            if self.next_turn <= monotonic_now() {
                // A failure does not matter here: the next round tries it again and reports it.
                let _ = self.take_turn().await;
                self.next_turn = monotonic_now() + TURN_INTERVAL;
            }
        }
    }

    /// Settles attempts that have ended, reads messages, and starts as many attempts as possible.
    ///
    /// Returns how long the worker may wait before the next call, if no attempt ends earlier.
    async fn run_once(&mut self) -> Result<Duration, Error> {
        while let Some(completion) = self.in_flight.try_next() {
            self.complete(completion).await;
        }

        if self.next_turn <= monotonic_now() {
            self.take_turn().await?;
        }
        self.save_if_due().await?;
        let app = self.app.clone();
        self.consumer.release_leaving(&app.ports).await?;

        // After the end of the leases, another engine may own the partitions.
        let is_owner = monotonic_now() < self.owned_until && !self.consumer.is_standby();
        if is_owner {
            self.start_all(&app).await?;
        }

        self.until_next_call(&app).await
    }

    /// Renews the leases. The attempts with messages of lost partitions are aborted.
    pub(in crate::engine) async fn take_turn(&mut self) -> Result<(), Error> {
        let begun = monotonic_now();
        let lost = self.consumer.take_turn(&self.app.ports).await?;
        self.owned_until = begun + LEASE;
        self.next_turn = begun + TURN_INTERVAL;

        for partition in lost {
            let subscription = &*self.consumer.name;
            tracing::warn!(
                subscription,
                partition,
                "another engine has taken over a partition"
            );
            self.in_flight.abort_partition(partition);
        }

        Ok(())
    }

    /// Saves the ledgers if the oldest change has waited long enough.
    async fn save_if_due(&mut self) -> Result<(), Error> {
        if !self.consumer.has_unsaved() {
            self.unsaved_since = None;
            return Ok(());
        }

        let now = monotonic_now();
        let since = *self.unsaved_since.get_or_insert(now);
        if now < since + SAVE_DELAY {
            return Ok(());
        }

        self.consumer.save(&self.app.ports).await?;
        self.unsaved_since = None;
        Ok(())
    }

    /// Reads messages and starts attempts, until the subscription is full or nothing is left.
    async fn start_all(&mut self, app: &App) -> Result<(), Error> {
        self.consumer.queue.wake_due(app.now());

        // Backfill is next: read first, because a primary message has to go before it.
        let next = self.consumer.next_key(app.now());
        if next.is_some_and(QueueKey::is_backfill) && !self.is_full() {
            self.consumer.fill(&app.ports).await?;
        }

        self.start_ready(app).await?;
        while !self.is_full() {
            self.consumer.fill(&app.ports).await?;
            if !self.start_ready(app).await? {
                break;
            }
            self.waiter.reset_idle_delay();
        }

        Ok(())
    }

    fn is_full(&self) -> bool {
        self.consumer.settings.concurrency.max(1) <= self.in_flight.len()
    }

    /// Starts attempts for ready messages, as many as the subscription allows; false if there was none.
    async fn start_ready(&mut self, app: &App) -> Result<bool, Error> {
        let mut has_started = false;
        while !self.is_full() {
            let Some(key) = self.consumer.next_key(app.now()) else {
                break;
            };

            // All engines see a replayed dead letter, so claim it first.
            let message = self.consumer.queue.get(key);
            let replayed = message.and_then(|message| message.incoming.dead_letter_id());
            if let Some(id) = replayed.cloned() {
                let time_limit = self.consumer.settings.time_limit;
                let until = app.now() + time_limit.saturating_mul(REPLAY_CLAIM_FACTOR);
                if !dead_letter::claim(&app.ports, &id, until).await? {
                    self.consumer.queue.finish(key);
                    continue;
                }
            }

            let processing = self.consumer.target.processing(app);
            let started = self.consumer.start(key, &app.ports, 0, processing).await?;
            if let Some(attempt) = started {
                self.in_flight.start(app, attempt);
                has_started = true;
            }
        }

        Ok(has_started)
    }

    /// Returns how long nothing has to be done, unless something happens.
    async fn until_next_call(&mut self, app: &App) -> Result<Duration, Error> {
        let now = monotonic_now();
        let mut until = self.next_turn;
        if self.consumer.has_unsaved() {
            let since = *self.unsaved_since.get_or_insert(now);
            until = until.min(since + SAVE_DELAY);
        }

        let mut wait = until.saturating_duration_since(now);
        if self.in_flight.is_empty() && !self.consumer.is_standby() {
            let due = self.consumer.next_due(&app.ports).await?;
            wait = wait.min(due.map_or(wait, |due| until_due(app, due)));
        } else if let Some(due) = self.consumer.queue.next_due() {
            wait = wait.min(until_due(app, due));
        }

        Ok(wait)
    }

    /// Settles an attempt that has ended; returns false if settling failed.
    pub(in crate::engine) async fn complete(&mut self, completion: Completion) -> bool {
        let app = self.app.clone();
        let settled = match completion {
            Completion::Aborted => return false,
            Completion::Completed(completed) => {
                let Completed { attempt, report } = &*completed;
                let has_failed = matches!(report.result, AttemptResult::Failed { .. });
                if !matches!(
                    report.result,
                    AttemptResult::NewerEvent(_) | AttemptResult::Fenced
                ) {
                    self.count_attempt(!has_failed);
                }
                log_stall(&completed);

                self.consumer.settle(attempt, report).await
            }
            Completion::TaskPanicked(key, incoming, err) => {
                let subscription = &*self.consumer.name;
                tracing::error!(subscription, error = %err, "the task of an attempt panicked");
                self.count_attempt(false);
                self.consumer
                    .retry_after_panic(&app.ports, (key, &incoming));
                Ok(())
            }
        };

        let open_until = self.consumer.paused_until(app.ports.clock.now());
        let paused = self.consumer.paused_streams();
        let paused_until = paused.iter().map(|stream| stream.retry_at).max();
        let metrics = &app.ports.engine_metrics;
        metrics.update(&self.consumer.name, |metrics| {
            metrics.open_until = open_until;
            metrics.n_paused_streams = paused.len();
            metrics.paused_until = paused_until;
        });

        if let Err(err) = &settled {
            let (subscription, error) = (&*self.consumer.name, err.with_causes());
            tracing::error!(subscription, %error, "a replay could not be settled");
        }
        settled.is_ok()
    }

    fn count_attempt(&self, is_handled: bool) {
        let metrics = &self.app.ports.engine_metrics;
        metrics.update(&self.consumer.name, |metrics| {
            metrics.n_handled += u64::from(is_handled);
            metrics.n_failed += u64::from(!is_handled);
        });
    }
}

/// Returns the time until `due`, but never zero: a timer of zero would starve the other tasks.
fn until_due(app: &App, due: Timestamp) -> Duration {
    due.since(app.now()).max(Duration::from_millis(1))
}

/// Logs a stall in the inline cascade of a command. No other code reports it.
fn log_stall(completed: &Completed) {
    let inline = completed.report.inline.as_ref();
    if let Some(stall) = inline.and_then(|inline| inline.stall.as_deref()) {
        tracing::error!(handler = completed.report.handler, error = %stall, "the cascade of a command did not settle");
    }
}
