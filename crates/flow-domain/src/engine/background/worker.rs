use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use crate::{
    clock::{Timestamp, monotonic_now},
    engine::{
        background::in_flight::{Completion, InFlight, SharedConsumer},
        background::waiter::{Waiter, Wake},
        dead_letter,
        delivery::consumer::Consumer,
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

/// Runs one subscription: owns partitions, reads messages, and starts tasks that handle them.
#[derive(Debug)]
pub(in crate::engine) struct Worker {
    pub(in crate::engine) app: App,
    pub(in crate::engine) name: Arc<str>,
    pub(in crate::engine) consumer: SharedConsumer,
    pub(in crate::engine) in_flight: InFlight,
    pub(in crate::engine) waiter: Waiter,
    /// When the next turn is due.
    next_turn: Instant,
    /// When the oldest unsaved change of a ledger was noticed; `None` if all are saved.
    unsaved_since: Option<Instant>,
}

impl Worker {
    pub(in crate::engine) fn new(app: App, consumer: Consumer, waiter: Waiter) -> Self {
        Self {
            app,
            name: Arc::clone(&consumer.name),
            consumer: Arc::new(Mutex::new(consumer)),
            in_flight: InFlight::default(),
            waiter,
            next_turn: monotonic_now(),
            unsaved_since: None,
        }
    }

    /// Runs until the stop signal is set.
    pub(in crate::engine) async fn run(&mut self) {
        while !self.waiter.has_to_stop() {
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

    /// Waits for an event. It may be the end of a task.
    async fn wait(&mut self, at_most: Duration) {
        let wake = self.waiter.wait(at_most, self.in_flight.next()).await;
        if let Wake::Ready(completion) = wake {
            self.complete(completion).await;
        }
    }

    /// Waits before a failing adapter is used again. The leases are renewed meanwhile.
    async fn back_off(&mut self, err: &Error) {
        let delay = self.waiter.record_failure();
        let (subscription, error) = (&*self.name, err.with_causes());
        tracing::error!(subscription, %error, again_in = ?delay, "an adapter failed");

        let end = monotonic_now() + delay;
        while monotonic_now() < end && !self.waiter.has_to_stop() {
            let until = end.min(self.next_turn.max(monotonic_now() + SAVE_DELAY));
            self.wait(until - monotonic_now()).await;
            if self.next_turn <= monotonic_now() {
                // A failure does not matter here: the next round tries it again and reports it.
                let _ = self.take_turn().await;
                self.next_turn = monotonic_now() + TURN_INTERVAL;
            }
        }
    }

    /// Reads messages, and starts as many tasks as possible.
    ///
    /// Returns how long the worker may wait before the next call, if no task ends earlier.
    async fn run_once(&mut self) -> Result<Duration, Error> {
        while let Some(completion) = self.in_flight.try_next() {
            self.complete(completion).await;
        }

        if self.next_turn <= monotonic_now() {
            self.take_turn().await?;
        }

        let shared = Arc::clone(&self.consumer);
        let consumer = &mut *shared.lock().await;
        self.save_if_due(consumer).await?;
        consumer.release_leaving(&self.app.ports).await?;
        if consumer.is_owner() {
            self.start_all(consumer).await?;
        }

        self.until_next_call(consumer).await
    }

    /// Renews the leases. The tasks with messages of lost partitions are aborted.
    pub(in crate::engine) async fn take_turn(&mut self) -> Result<(), Error> {
        let begun = monotonic_now();
        let mut consumer = self.consumer.lock().await;
        let lost = consumer.take_turn(&self.app.ports).await?;
        self.next_turn = begun + TURN_INTERVAL;

        for partition in lost {
            let subscription = &*self.name;
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
    async fn save_if_due(&mut self, consumer: &mut Consumer) -> Result<(), Error> {
        if !consumer.has_unsaved() {
            self.unsaved_since = None;
            return Ok(());
        }

        let now = monotonic_now();
        let since = *self.unsaved_since.get_or_insert(now);
        if now < since + SAVE_DELAY {
            return Ok(());
        }

        consumer.save(&self.app.ports).await?;
        self.unsaved_since = None;
        Ok(())
    }

    /// Reads messages and starts tasks, until the subscription is full or nothing is left.
    async fn start_all(&mut self, consumer: &mut Consumer) -> Result<(), Error> {
        let now = self.app.now();
        consumer.wake_due(now);

        // Backfill is next: read first, because a primary message has to go before it.
        let next = consumer.next_key(now);
        if next.is_some_and(QueueKey::is_backfill) && !self.is_full(consumer) {
            self.fill(consumer).await?;
        }

        self.start_ready(consumer).await?;
        while !self.is_full(consumer) {
            self.fill(consumer).await?;
            if !self.start_ready(consumer).await? {
                break;
            }
            self.waiter.reset_idle_delay();
        }

        Ok(())
    }

    async fn fill(&self, consumer: &mut Consumer) -> Result<(), Error> {
        let ports = &self.app.ports;
        let replays = dead_letter::find_replayed(ports, Some(&self.name)).await?;
        consumer.fill(ports, &replays).await
    }

    fn is_full(&self, consumer: &Consumer) -> bool {
        consumer.settings.concurrency.max(1) <= self.in_flight.len()
    }

    /// Starts a task for each ready message, as many as the subscription allows; false if there was none.
    async fn start_ready(&mut self, consumer: &mut Consumer) -> Result<bool, Error> {
        let app = self.app.clone();
        let mut has_started = false;
        while !self.is_full(consumer) {
            let Some(key) = consumer.next_key(app.now()) else {
                break;
            };

            // All engines see a replayed dead letter, so claim it first.
            let message = consumer.queue.get(key);
            let replayed = message.and_then(|message| message.incoming.dead_letter_id());
            if let Some(id) = replayed.cloned() {
                let time_limit = consumer.settings.time_limit;
                let until = app.now() + time_limit.saturating_mul(REPLAY_CLAIM_FACTOR);
                if !dead_letter::claim(&app.ports, &id, until).await? {
                    consumer.queue.finish(key);
                    continue;
                }
            }

            let processing = consumer.target.processing(&app);
            let started = consumer.start(key, &app.ports, 0, processing).await?;
            if let Some(attempt) = started {
                self.in_flight
                    .start(&app, &self.consumer, attempt, &self.waiter.stop);
                has_started = true;
            }
        }

        Ok(has_started)
    }

    /// Returns how long nothing has to be done, unless something happens.
    async fn until_next_call(&mut self, consumer: &Consumer) -> Result<Duration, Error> {
        let now = monotonic_now();
        let mut until = self.next_turn;
        if consumer.has_unsaved() {
            let since = *self.unsaved_since.get_or_insert(now);
            until = until.min(since + SAVE_DELAY);
        }

        let mut due = consumer.queue.next_due();
        if self.in_flight.is_empty() && !consumer.is_standby() {
            let ports = &self.app.ports;
            let replays = dead_letter::find_replayed(ports, Some(&self.name)).await?;
            due = consumer.next_due(ports, &replays).await?;
        }

        let wait = until.saturating_duration_since(now);
        Ok(due.map_or(wait, |due| wait.min(until_due(&self.app, due))))
    }

    /// Handles the end of a task; returns false if its last message could not be settled.
    pub(in crate::engine) async fn complete(&mut self, completion: Completion) -> bool {
        match completion {
            Completion::Ended { is_settled } => is_settled,
            Completion::Aborted | Completion::Unsaved => false,
            Completion::TaskPanicked(message, err) => {
                let subscription = &*self.name;
                tracing::error!(subscription, error = %err, "the task of an attempt panicked");

                let mut consumer = self.consumer.lock().await;
                let (key, incoming) = &*message;
                consumer.retry_after_panic(&self.app.ports, (*key, incoming));
                consumer.count_attempts(&self.app.ports, 0, 1);
                true
            }
        }
    }
}

/// Returns the time until `due`, but never zero: a timer of zero would starve the other tasks.
fn until_due(app: &App, due: Timestamp) -> Duration {
    due.since(app.now()).max(Duration::from_millis(1))
}
