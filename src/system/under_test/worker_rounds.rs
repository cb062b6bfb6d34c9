use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, HandlerFailure,
    clock::{Timestamp, is_clock_paused},
    error::Stall,
    record::HandlerKind,
    runtime::ProcessResult,
};

use tokio::task::yield_now;

use crate::system::under_test::{
    WorkerStep,
    call_guard::{catch_panics, within},
    running::RunningSystem,
    worker::Work,
};

/// Who works while the harness waits for a worker that polls: any task of the system.
const SPAWNED_TASKS: &str = "spawned tasks";

/// How often a worker that polls is given the time to do its work after each interval.
const MAX_YIELDS: usize = 64;

/// The order of the workers of a run, and how often an act has called each.
#[derive(Debug)]
pub(super) struct WorkerRounds {
    budget: usize,
    /// The state of the generator that shuffles the workers; `None` for the order of the list.
    shuffle: Option<u64>,
    /// How often each worker has done something in this act, by its index.
    n_worked: Vec<usize>,
    /// The workers that failed in this act.
    failed: Vec<usize>,
    /// When the workers that wait go on.
    due: Vec<Option<Timestamp>>,
    has_waited: bool,
}

impl WorkerRounds {
    pub(super) fn new(budget: usize, seed: Option<u64>) -> Self {
        Self {
            budget,
            shuffle: seed,
            n_worked: Vec::new(),
            failed: Vec::new(),
            due: Vec::new(),
            has_waited: false,
        }
    }

    pub(super) fn begin_act(&mut self) {
        self.n_worked.clear();
        self.failed.clear();
    }

    /// Returns the workers that the next round calls, in order.
    fn next_round(&mut self, n_workers: usize) -> Vec<usize> {
        self.n_worked.resize(n_workers, 0);
        self.due.resize(n_workers, None);

        let mut order: Vec<usize> = (0..n_workers).collect();
        if let Some(state) = &mut self.shuffle {
            // Fisher and Yates.
            for last in (1..order.len()).rev() {
                let n = last as u64 + 1;
                order.swap(last, usize::try_from(next_random(state) % n).unwrap_or(0));
            }
        }
        order.retain(|idx| !self.failed.contains(idx));
        order
    }

    /// Returns true if a worker has ever waited for a time.
    pub(super) fn has_waited(&self) -> bool {
        self.has_waited
    }

    fn has_spent_budget(&self) -> bool {
        self.budget < self.n_worked.iter().sum()
    }

    /// Returns the first time after `now` at which a worker goes on.
    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.due
            .iter()
            .flatten()
            .copied()
            .filter(|due| now < *due)
            .min()
    }
}

/// The next number of `SplitMix64`, by Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl<S: Send + Sync + 'static> RunningSystem<S> {
    /// Calls all workers, again and again, until none of them does anything.
    ///
    /// A worker that fails is not called again in this act.
    pub(super) async fn step_workers(&mut self) -> ProcessResult {
        let mut result = ProcessResult::empty();
        let description = Arc::clone(&self.description);

        loop {
            let mut has_worked = false;
            for idx in self.rounds.next_round(description.workers.len()) {
                let worker = &description.workers[idx];
                match self.step_worker(idx).await {
                    Ok(WorkerStep::Worked) => {
                        has_worked = true;
                        self.rounds.n_worked[idx] += 1;
                    }
                    Ok(WorkerStep::Idle) => self.rounds.due[idx] = None,
                    Ok(WorkerStep::WaitingUntil(due)) => {
                        self.rounds.due[idx] = Some(due);
                        self.rounds.has_waited = true;
                    }
                    Err(err) => {
                        self.rounds.failed.push(idx);
                        let step = "a step".to_owned();
                        let failure = HandlerFailure::new(Some(worker.name), step, err);
                        result.failures.push(failure);
                    }
                }

                if self.rounds.has_spent_budget() {
                    result.stall = Some(Box::new(self.stall()));
                    return result;
                }
            }

            if !has_worked {
                return result;
            }
        }
    }

    fn stall(&self) -> Stall {
        let counts = self.description.workers.iter().zip(&self.rounds.n_worked);
        let mut calls: Vec<(&'static str, usize)> = counts
            .map(|(worker, n_worked)| (worker.name, *n_worked))
            .filter(|(_, n_worked)| 0 < *n_worked)
            .collect();
        calls.sort_by_key(|(_, n_worked)| std::cmp::Reverse(*n_worked));

        Stall::of_calls(self.rounds.budget, calls)
    }

    async fn step_worker(&mut self, idx: usize) -> Result<WorkerStep, Error> {
        let description = Arc::clone(&self.description);
        let worker = &description.workers[idx];
        let name = if worker.is_polling() {
            SPAWNED_TASKS
        } else {
            worker.name
        };
        self.events
            .begin_call(name, HandlerKind::EventHandler, None);

        let state = Arc::clone(&self.state);
        let step = match (&worker.work, self.scripted_failure(worker.name)) {
            (_, Some(err)) => Err(err),
            (Work::Stepped(step), None) => {
                // The closure of the test may panic before it returns a future.
                let step = catch_panics(async { step(state).await });
                let step = async { step.await.flatten() };
                within(self.description.time_limit, step).await
            }
            (Work::Polling(interval), None) => let_poll(*interval).await,
        };

        let has_changed = self.note_changes().await;
        let step = match (&worker.work, step, has_changed) {
            (_, Ok(_), Err(err)) => Err(err),
            (Work::Polling(_), Ok(_), Ok(true)) => Ok(WorkerStep::Worked),
            (_, step, _) => step,
        };
        if !matches!(step, Ok(WorkerStep::Idle | WorkerStep::WaitingUntil(_))) {
            self.events.start_entry();
        }
        self.events.end_call(step.as_ref().map(|_| ()))?;
        step
    }

    /// Advances the virtual clock to `time`, and stops whenever a worker goes on.
    pub(super) async fn pass_time(&mut self, time: Timestamp) -> ProcessResult {
        if let Err(err) = self.require_few_polls(time) {
            return ProcessResult::from_error(err);
        }

        let mut result = ProcessResult::empty();

        while let Some(due) = self.rounds.next_due(self.recorder.now()) {
            if time < due || result.stall.is_some() {
                break;
            }
            self.advance_to(due).await;
            let settled = self.step_workers().await;
            result = result.merge(Ok(settled));
        }

        self.advance_to(time).await;
        result
    }

    /// Requires that the tasks which poll meanwhile do so within the budget.
    fn require_few_polls(&self, time: Timestamp) -> Result<(), Error> {
        let duration = time.since(self.recorder.now());
        for worker in &self.description.workers {
            let Work::Polling(interval) = worker.work else {
                continue;
            };
            let n_polls = duration.as_micros() / interval.as_micros().max(1);
            if (self.rounds.budget as u128) < n_polls {
                let (name, budget) = (worker.name, self.rounds.budget);
                return Err(Error::setup(format!(
                    "{name} would poll {n_polls} times meanwhile, and the budget is {budget}: \
                     raise it with `.budget(..)`, or describe {name} with `.worker(..)`"
                )));
            }
        }

        Ok(())
    }

    async fn advance_to(&mut self, time: Timestamp) {
        let now = self.recorder.now();
        if time <= now {
            return;
        }

        self.recorder.advance_to(time);
        self.set_time();
        // Timers of tokio that the system has set become due, too.
        if is_clock_paused() {
            pass_tokio_time(time.since(now)).await;
        }
    }
}

/// Lets a task of the system poll once: the paused clock jumps when all tasks wait.
async fn let_poll(interval: Duration) -> Result<WorkerStep, Error> {
    if !is_clock_paused() {
        return Err(Error::setup(
            "a polling worker needs the paused clock of `.run()`",
        ));
    }

    pass_tokio_time(interval).await;
    // The timer of the task may be due after this one.
    for _ in 0..MAX_YIELDS {
        yield_now().await;
    }
    Ok(WorkerStep::Idle)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system has timers of its own, and the paused clock costs no time"
)]
async fn pass_tokio_time(duration: Duration) {
    tokio::time::sleep(duration).await;
}
