use std::{collections::HashMap, future::pending, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::timeout,
};

use crate::{
    engine::{
        background::drain::{CLOSE_TIMEOUT, DrainReport},
        background::maintenance::{CLEAN_UP_INTERVAL, Retention, run_clean_up, run_relay},
        background::select::{Either, select},
        background::waiter::{StopSignal, Waiter},
        background::worker::Worker,
        delivery::consumer::Consumer,
        relay::Relay,
    },
    handler::{EngineMetrics, RunningEngine, WakeSignal},
    runtime::App,
};

/// What an engine did with what was on its way when it was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopReport {
    /// How many attempts were finished within the grace period.
    pub finished: usize,
    /// How many were broken off. Their messages are handed out again: those from the broker once
    /// their lease has ended.
    pub abandoned: usize,
}

/// How an engine runs.
#[derive(Clone, Debug)]
pub(in crate::engine) struct EngineConfig {
    pub(in crate::engine) app: App,
    pub(in crate::engine) worker: Arc<str>,
    pub(in crate::engine) poll_interval: Duration,
    pub(in crate::engine) grace: Duration,
    pub(in crate::engine) retention: Retention,
}

/// An engine at work. Dropped, everything in it breaks off.
#[derive(Debug)]
pub(in crate::engine) struct BackgroundEngine {
    config: EngineConfig,
    consumers: Vec<Consumer>,
    /// Rings when messages were published.
    published: Arc<WakeSignal>,
    stop_workers: (watch::Sender<bool>, StopSignal),
    stop_maintenance: (watch::Sender<bool>, StopSignal),
    workers: JoinSet<DrainReport>,
    maintenance: JoinSet<()>,
    /// What each task does, so that it can be started again.
    tasks: HashMap<Id, EngineTask>,
    _running_engine: RunningEngine,
}

#[derive(Clone, Copy, Debug)]
enum EngineTask {
    Consumer(usize),
    Relay,
    Cleaner,
}

impl BackgroundEngine {
    pub(in crate::engine) fn start(plan: EngineConfig, consumers: Vec<Consumer>) -> Self {
        let mut running = Self {
            _running_engine: EngineMetrics::register_engine(&plan.app.ports.engine_metrics),
            config: plan,
            published: Arc::default(),
            stop_workers: StopSignal::channel(),
            stop_maintenance: StopSignal::channel(),
            workers: JoinSet::new(),
            maintenance: JoinSet::new(),
            tasks: HashMap::new(),
            consumers,
        };

        running.spawn(EngineTask::Relay, false);
        running.spawn(EngineTask::Cleaner, false);
        for place in 0..running.consumers.len() {
            running.spawn(EngineTask::Consumer(place), false);
        }

        running
    }

    /// Works until the signal comes, and stops in order.
    pub(in crate::engine) async fn run_until(
        mut self,
        signal: impl Future<Output = ()>,
    ) -> StopReport {
        let mut signal = std::pin::pin!(signal);
        loop {
            let broke_off = select(
                next_task_panic(&mut self.workers),
                next_task_panic(&mut self.maintenance),
            );

            match select(signal.as_mut(), broke_off).await {
                Either::First(()) => break,
                Either::Second(Either::First(err) | Either::Second(err)) => self.respawn(&err),
            }
        }

        self.stop().await
    }

    fn respawn(&mut self, err: &JoinError) {
        if let Some(part) = self.tasks.remove(&err.id()) {
            tracing::error!(?part, error = %err, "a part of the engine broke off, and starts again");
            self.spawn(part, true);
        }
    }

    /// The subscriptions stop first, and what they commit is still published.
    async fn stop(mut self) -> StopReport {
        let mut stopped = StopReport::default();
        self.stop_workers.0.send_replace(true);
        let at_most = self.config.grace.saturating_add(CLOSE_TIMEOUT * 2);
        let all = async {
            while let Some(joined) = self.workers.join_next().await {
                let drained = joined.unwrap_or_default();
                stopped.finished += drained.n_finished;
                stopped.abandoned += drained.n_abandoned;
            }
        };

        if timeout(at_most, all).await.is_err() {
            tracing::error!("a subscription did not stop and is broken off");
            self.workers.abort_all();
        }

        self.stop_maintenance.0.send_replace(true);
        let all = async { while self.maintenance.join_next().await.is_some() {} };
        if timeout(CLOSE_TIMEOUT, all).await.is_err() {
            tracing::error!("the relay did not stop and is broken off");
        }

        let StopReport {
            finished,
            abandoned,
        } = stopped;
        tracing::info!(
            worker = &*self.config.worker,
            finished,
            abandoned,
            "stopped"
        );

        stopped
    }

    /// Starts a part of the engine; after a pause if it broke off before.
    fn spawn(&mut self, part: EngineTask, was_broken_off: bool) {
        let EngineConfig {
            app,
            worker,
            poll_interval,
            grace,
            retention: keeping,
        } = self.config.clone();
        let ports = Arc::clone(&app.ports);
        let waiter = |bell: &WakeSignal, stop: &StopSignal, interval| {
            let mut waiter = Waiter::new(bell.subscribe(), stop.clone(), interval);
            if was_broken_off {
                waiter.record_failure();
            }
            waiter
        };
        let (_, stop_workers) = &self.stop_workers;
        let (_, stop_duties) = &self.stop_maintenance;
        let task = match part {
            EngineTask::Consumer(place) => {
                let consumer = self.consumers[place].clone();
                let bell: &WakeSignal = if consumer.reads_store() {
                    &ports.wake_signal
                } else {
                    &self.published
                };
                let waiter = waiter(bell, stop_workers, poll_interval);
                let mut worker = Worker::new(app, consumer, &worker, waiter);

                self.workers.spawn(async move {
                    worker.waiter.wait_for_backoff().await;
                    worker.run().await;
                    worker.drain(grace).await
                })
            }
            EngineTask::Relay => {
                let waiter = waiter(&ports.wake_signal, stop_duties, poll_interval);
                let (relay, arrivals) = (
                    Relay::waiting_for_broker(worker),
                    Arc::clone(&self.published),
                );
                self.maintenance
                    .spawn(run_relay(ports, relay, arrivals, waiter))
            }
            EngineTask::Cleaner => {
                // Nobody rings for it.
                let waiter = waiter(&WakeSignal::default(), stop_duties, CLEAN_UP_INTERVAL);
                self.maintenance.spawn(run_clean_up(ports, keeping, waiter))
            }
        };

        self.tasks.insert(task.id(), part);
    }
}

/// Waits until a task breaks off: something in it panicked that is not a handler.
async fn next_task_panic<T: 'static>(tasks: &mut JoinSet<T>) -> JoinError {
    loop {
        match tasks.join_next().await {
            Some(Ok(_)) => {}
            Some(Err(err)) => return err,
            None => pending().await,
        }
    }
}
