use std::sync::Arc;

use crate::{
    clock::Timestamp,
    engine::{
        dead_letter,
        delivery::attempt::{AttemptReport, AttemptResult},
        delivery::consumer::{Target, earliest},
        delivery::queue::QueueKey,
        manual::settle_report::SettleReport,
        manual::test_engine::TestEngine,
    },
    error::{Error, HandlerFailure, Stall},
    record::{ClockReason, EntryKind},
    runtime::delivery_log::{pending_command_text, pending_text},
};

/// The state of a run in progress.
pub(super) struct Progress {
    pub(super) began_at: Timestamp,
    pub(super) cycles: usize,
    pub(super) failures: Vec<HandlerFailure>,
    pub(super) stall: Option<Box<Stall>>,
}

/// Runs that continue until nothing is left to deliver.
impl TestEngine {
    /// Delivers messages until nothing is left to deliver.
    ///
    /// If only retries are left, it advances the clock to the next one. Scheduled commands stay
    /// scheduled, unless a retry advances the clock past their time.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Self::subscribe). If the run exceeds its budget of deliveries, that
    /// is not an error: the report then has a [`stall`](SettleReport::stall).
    pub async fn run(&mut self) -> Result<SettleReport, Error> {
        self.run_to(None).await
    }

    /// Advances the clock to `time` and delivers everything that becomes due, then continues as
    /// [`run`](Self::run) does.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub async fn run_until(&mut self, time: Timestamp) -> Result<SettleReport, Error> {
        self.run_to(Some(time)).await
    }

    /// Runs `n` cycles of reading and delivering without advancing the clock, and reports what
    /// remains.
    ///
    /// Stops after a cycle with nothing to do, because a later one would find the same.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub async fn run_cycles(&mut self, n: usize) -> Result<SettleReport, Error> {
        let mut progress = self.start_run();

        for _ in 0..n {
            let did_something = self.run_cycle(&mut progress).await?;
            if progress.stall.is_some() || !did_something {
                break;
            }
        }

        self.finish_run(progress).await
    }

    pub(super) async fn run_to(
        &mut self,
        target: Option<Timestamp>,
    ) -> Result<SettleReport, Error> {
        let mut progress = self.start_run();

        loop {
            let did_something = self.run_cycle(&mut progress).await?;
            if progress.stall.is_some() || !did_something && !self.advance_clock(target).await? {
                break;
            }
        }

        self.finish_run(progress).await
    }

    pub(super) fn start_run(&mut self) -> Progress {
        self.log.clear();

        Progress {
            began_at: self.app.ports.clock.now(),
            cycles: 0,
            failures: Vec::new(),
            stall: None,
        }
    }

    pub(super) async fn finish_run(&mut self, progress: Progress) -> Result<SettleReport, Error> {
        self.save().await?;
        Ok(SettleReport {
            deliveries: self.log.len(),
            cycles: progress.cycles,
            elapsed: self.app.ports.clock.now().since(progress.began_at),
            failures: progress.failures,
            stall: progress.stall,
            remaining: self.remaining().await?,
        })
    }

    /// Publishes, reads, and delivers what was read; returns false if there was nothing to do.
    pub(super) async fn run_cycle(&mut self, progress: &mut Progress) -> Result<bool, Error> {
        let has_published = self.publish_and_read().await?;

        let mut deliveries: Vec<(u64, usize, QueueKey)> = Vec::new();
        for (consumer_idx, consumer) in self.consumers.iter().enumerate() {
            let ready_soon = consumer.ready_soon();
            deliveries.extend(ready_soon.map(|key| (key.place, consumer_idx, key)));
        }

        // Deliver in the order of commit, and one message in the order of registration of its
        // subscriptions.
        deliveries.sort_unstable();
        let mut has_delivered = false;
        let ports = Arc::clone(&self.app.ports);

        for (_, consumer_idx, key) in deliveries {
            // The message waits if one before it failed in this cycle, and it is gone if the engine
            // restarted.
            let Some(message) = self.startable(consumer_idx, key) else {
                continue;
            };
            let envelope = Arc::clone(&message.envelope);

            if self.log.exceeds(self.app.budget) {
                progress.stall = Some(Box::new(self.stall()));
                return Ok(true);
            }

            let mut report = self.run_attempt(consumer_idx, key, &ports, None).await?;
            has_delivered = true;
            let inline = report.inline.as_mut();
            progress.stall = inline.and_then(|inline| inline.stall.take());
            let label = || ports.catalog.labels.label_of_envelope(&envelope);
            progress.failures.extend(failures_of(label, report));
            if progress.stall.is_some() {
                return Ok(true);
            }
        }

        progress.cycles += usize::from(has_delivered);
        Ok(has_published || has_delivered)
    }

    /// Advances the clock to the next due time, or to `target` if that comes first.
    ///
    /// Returns false if there is nothing to wait for. After the target or without one, it waits for
    /// retries, but not for scheduled commands alone.
    pub(super) async fn advance_clock(&mut self, target: Option<Timestamp>) -> Result<bool, Error> {
        let ports = &self.app.ports;
        let now = ports.clock.now();
        let outbox = ports.store.next_due(now).await?;

        let replays = dead_letter::find_replayed(ports, None).await?;
        let mut next_retry = outbox.next_retry;
        for consumer in &self.consumers {
            // Waiting does not help: only a newer program can handle the events.
            if consumer.is_paused_only() {
                continue;
            }
            next_retry = earliest(next_retry, consumer.next_due(ports, &replays).await?);
        }

        // A scheduled command is sent if its time comes before the target or before the next retry.
        let is_in_time = |time: &Timestamp| target.is_some_and(|target| *time <= target);
        let next_scheduled = outbox
            .next_scheduled
            .filter(|due| is_in_time(due) || next_retry.is_some_and(|retry| *due <= retry));

        let due = earliest(next_retry, next_scheduled);
        let next = match (due, target) {
            (Some(due), Some(target)) if now < target => due.min(target),
            (None, Some(target)) if now < target => target,
            (Some(due), _) => due,
            (None, _) => return Ok(false),
        };

        if next <= now {
            // A message is due already, but the last cycle did not deliver it: waiting does not
            // help.
            return Ok(false);
        }

        if !ports.clock.advance_to(next) {
            return Err(Error::setup(format!(
                "the engine must wait until {next}, but the clock of the app cannot be advanced: \
                 give the app a `VirtualClock`, or run the app with `Engine::run_until`"
            )));
        }

        let reason = match target {
            Some(target) if now < target => ClockReason::TimePassed,
            _ => ClockReason::WaitingAttempts,
        };
        ports.record(None, || EntryKind::ClockAdvanced { from: now, reason });
        Ok(true)
    }

    /// Explains why the run exceeded its budget: busy handlers, a loop of messages, and waiting
    /// messages.
    pub(super) fn stall(&self) -> Stall {
        let mut waiting = Vec::new();
        for consumer in &self.consumers {
            let catalog = &self.app.ports.catalog;
            let ready_soon = consumer.ready_soon();
            let messages = ready_soon.filter_map(|key| consumer.queue.get(key));

            waiting.extend(messages.map(|message| {
                let envelope = &message.incoming.envelope;
                match consumer.target {
                    Target::Commands(_) => pending_command_text(catalog, envelope),
                    Target::Events(_) => pending_text(catalog, &consumer.name, envelope),
                }
            }));
        }

        let labels = &self.app.ports.catalog.labels;
        self.log.explain_stall(self.app.budget, labels, waiting)
    }
}

/// Returns the failures for the report of the run: exhausted messages, rejections, expired commands, and
/// failures of events that were handled inline. `label` is that of the message, which few reports need.
fn failures_of(label: impl FnOnce() -> String, report: AttemptReport) -> Vec<HandlerFailure> {
    let mut failures = Vec::new();

    match report.result {
        AttemptResult::Failed {
            error,
            is_last: true,
        } => failures.push(HandlerFailure::new(report.handler, label(), error)),
        AttemptResult::Rejected(error) | AttemptResult::Expired(error) => {
            failures.push(HandlerFailure::of_command(report.handler, label(), error));
        }
        _ => {}
    }

    if let Some(inline) = report.inline {
        failures.extend(inline.failures);
    }

    failures
}
