use std::{collections::HashMap, sync::Arc};

use crate::{
    clock::Timestamp,
    engine::{
        delivery::attempt::{AttemptReport, AttemptResult},
        delivery::broker_feed::earliest,
        manual::settle_report::SettleReport,
        manual::test_engine::TestEngine,
    },
    error::{Error, HandlerFailure, Stall},
    message::MessageId,
    record::EntryKind,
    runtime::{CascadeTrace, TraceStep},
};

/// A run on its way.
pub(super) struct Progress {
    pub(super) began_at: Timestamp,
    pub(super) cycles: usize,
    pub(super) failures: Vec<HandlerFailure>,
    pub(super) stall: Option<Stall>,
}

/// Until nothing is left.
impl TestEngine {
    /// Delivers until nothing is left to do, and moves the clock to the next attempt when only such are
    /// left. What is scheduled for later is left where it is, unless its time comes on the way.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin). Going over the budget of deliveries is no error: the result
    /// tells.
    pub async fn run(&mut self) -> Result<SettleReport, Error> {
        self.run_to(None).await
    }

    /// Lets time pass until `time`, and delivers everything that becomes due on the way; then as
    /// [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub async fn run_until(&mut self, time: Timestamp) -> Result<SettleReport, Error> {
        self.run_to(Some(time)).await
    }

    /// Reads and delivers so many times what is there, without moving the clock, and tells what is
    /// left.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub async fn run_cycles(&mut self, n: usize) -> Result<SettleReport, Error> {
        let mut progress = self.start_run();
        for _ in 0..n {
            self.run_cycle(&mut progress).await?;
            if progress.stall.is_some() {
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
        self.attempts.clear();
        self.raised.clear();
        Progress {
            began_at: self.app.ports.clock.now(),
            cycles: 0,
            failures: Vec::new(),
            stall: None,
        }
    }

    pub(super) async fn finish_run(&mut self, progress: Progress) -> Result<SettleReport, Error> {
        Ok(SettleReport {
            deliveries: self.attempts.len(),
            cycles: progress.cycles,
            time: self.app.ports.clock.now().since(progress.began_at),
            failures: progress.failures,
            stall: progress.stall,
            remaining: self.remaining().await?,
        })
    }

    /// Publishes, reads, and delivers what was read; returns false if there was nothing.
    pub(super) async fn run_cycle(&mut self, progress: &mut Progress) -> Result<bool, Error> {
        let has_published = self.publish_and_read().await?;
        let mut places: Vec<(u128, usize, MessageId)> = Vec::new();

        for (place, consumer) in self.consumers.iter().enumerate() {
            let ready = consumer.ready.iter();
            places.extend(ready.map(|one| (one.offset, place, one.envelope.metadata.id)));
        }

        if places.is_empty() {
            return Ok(has_published);
        }

        progress.cycles += 1;
        places.sort_unstable_by_key(|(order, place, _)| (*order, *place));
        let ports = Arc::clone(&self.app.ports);

        for (_, place, message) in places {
            let ready = &self.consumers[place].ready;
            let is_it = |idx: &usize| ready[*idx].envelope.metadata.id == message;
            // It may have been given back behind one that failed.
            let Some(idx) = (0..ready.len()).find(is_it) else {
                continue;
            };

            if self.app.budget <= self.attempts.len() {
                progress.stall = Some(self.stall());
                return Ok(true);
            }

            let attempted = self.run_attempt(place, idx, &ports, None).await?;
            progress.failures.extend(failures_of(attempted));
        }

        Ok(true)
    }

    /// Moves the clock to the next thing that is due; returns false if there is none to wait for.
    pub(super) async fn advance_clock(&mut self, target: Option<Timestamp>) -> Result<bool, Error> {
        let ports = &self.app.ports;
        let now = ports.clock.now();
        let outbox = ports.store.next_due(now).await?;
        let mut again = outbox.next_retry;

        for consumer in &self.consumers {
            again = earliest(again, consumer.next_due(ports).await?);
        }

        let in_time = |time: &Timestamp| target.is_some_and(|target| *time <= target);
        // A schedule fires if its time comes while something else is waited for.
        let first = outbox
            .next_scheduled
            .filter(|first| in_time(first) || again.is_some_and(|again| *first <= again));
        let due = earliest(again, first);
        let next = match (due, target) {
            (Some(due), Some(target)) if now < target => due.min(target),
            (None, Some(target)) if now < target => target,
            (Some(due), _) => due,
            (None, _) => return Ok(false),
        };

        if next <= now {
            // It is due already, and nothing came of it.
            return Ok(false);
        }

        if !ports.clock.advance_to(next) {
            return Err(Error::setup(format!(
                "something is due at {next}, and the clock of the app cannot be moved: \
                 give it a `VirtualClock`, or run the engine by itself"
            )));
        }

        ports.record(None, || EntryKind::ClockAdvanced { from: now });
        Ok(true)
    }

    /// Explains why the run was stopped.
    pub(super) fn stall(&self) -> Stall {
        let raised: HashMap<MessageId, usize> = self.raised.iter().copied().collect();
        let steps = self.attempts.iter().map(|logged| TraceStep {
            event: logged.name.clone(),
            handler: logged.handler,
            cause_idx: raised.get(&logged.message).copied(),
        });
        let mut waiting = Vec::new();

        for consumer in &self.consumers {
            let catalog = &self.app.ports.catalog;
            let wanted = consumer
                .ready
                .iter()
                .filter(|one| consumer.wants(catalog, &one.envelope));

            waiting.extend(wanted.map(|one| {
                let name = one.envelope.metadata.message_type.name();
                format!("{} on {name}", consumer.name)
            }));
        }

        CascadeTrace::new(steps).explain_stall(waiting)
    }
}

pub(super) fn failures_of(attempted: AttemptReport) -> Vec<HandlerFailure> {
    let mut failures = Vec::new();
    match attempted.result {
        AttemptResult::Failed {
            error,
            is_last: true,
        }
        | AttemptResult::Rejected(error) => {
            let (handler, message) = (attempted.handler, attempted.message);
            failures.push(HandlerFailure::new(handler, message, error));
        }
        _ => {}
    }

    if let Some(inline) = attempted.inline {
        failures.extend(inline.failures);
    }

    failures
}
