use std::{collections::HashMap, future::pending, sync::Arc};

use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::timeout,
};

use crate::{
    engine::{
        Engine,
        background::clean_up::{CLEAN_UP_INTERVAL, run_clean_up},
        background::drain::CLOSE_TIMEOUT,
        background::relay_task::run_relay,
        background::waiter::{StopSignal, Waiter},
        background::worker::Worker,
        delivery::consumer::Consumers,
        relay::Relay,
    },
    handler::{EngineMetrics, RunningEngine, WakeSignal},
};

/// What an engine did with its attempts in flight when it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopReport {
    /// The number of attempts that finished within the grace period.
    pub finished: usize,
    /// The number of attempts that were aborted. Their messages are delivered again by
    /// the next owner of their partition.
    pub abandoned: usize,
}

/// A running engine. Dropping it aborts all its tasks.
#[derive(Debug)]
pub(in crate::engine) struct BackgroundEngine {
    engine: Engine,
    /// The name of the engine.
    worker: Arc<str>,
    consumers: Consumers,
    /// Notified when messages were published.
    published: Arc<WakeSignal>,
    stop_workers: (watch::Sender<bool>, StopSignal),
    stop_maintenance: (watch::Sender<bool>, StopSignal),
    workers: JoinSet<StopReport>,
    maintenance: JoinSet<()>,
    /// The purpose of each task, to start it again after a panic.
    tasks: HashMap<Id, EngineTask>,
    /// Counts this engine as running until it is dropped.
    _running_engine: RunningEngine,
}

/// The purpose of a task.
#[derive(Clone, Copy, Debug)]
enum EngineTask {
    /// Runs the consumer at this index.
    Consumer(usize),
    Relay,
    /// Deletes old data.
    Cleaner,
}

impl BackgroundEngine {
    pub(in crate::engine) fn start(engine: Engine, worker: Arc<str>, consumers: Consumers) -> Self {
        let mut running = Self {
            _running_engine: EngineMetrics::register_engine(&engine.app.ports.engine_metrics),
            engine,
            worker,
            published: Arc::default(),
            stop_workers: watch::channel(false),
            stop_maintenance: watch::channel(false),
            workers: JoinSet::new(),
            maintenance: JoinSet::new(),
            tasks: HashMap::new(),
            consumers,
        };

        running.spawn(EngineTask::Relay, false);
        running.spawn(EngineTask::Cleaner, false);
        for idx in 0..running.consumers.len() {
            running.spawn(EngineTask::Consumer(idx), false);
        }

        running
    }

    /// Runs until `signal` is ready, and then stops. Restarts the tasks that panic.
    pub(in crate::engine) async fn run_until(
        mut self,
        signal: impl Future<Output = ()>,
    ) -> StopReport {
        let mut signal = std::pin::pin!(signal);

        loop {
            let err = tokio::select! {
                biased;
                () = signal.as_mut() => break,
                err = next_task_panic(&mut self.workers) => err,
                err = next_task_panic(&mut self.maintenance) => err,
            };
            self.respawn(&err);
        }

        self.stop().await
    }

    fn respawn(&mut self, err: &JoinError) {
        if let Some(engine_task) = self.tasks.remove(&err.id()) {
            tracing::error!(part = ?engine_task, error = %err, "a task of the engine panicked and is restarted");
            self.spawn(engine_task, true);
        }
    }

    /// Stops the workers first and then the relay, so the relay still publishes what they commit.
    async fn stop(mut self) -> StopReport {
        let mut report = StopReport::default();

        self.stop_workers.0.send_replace(true);
        let workers_stopped = async {
            while let Some(joined) = self.workers.join_next().await {
                let of_worker = joined.unwrap_or_default();
                report.finished += of_worker.finished;
                report.abandoned += of_worker.abandoned;
            }
        };

        // A worker keeps to the grace period and the close timeout itself. This limit is for a
        // worker that blocks its thread.
        let at_most = self.engine.grace.saturating_add(CLOSE_TIMEOUT * 2);
        if timeout(at_most, workers_stopped).await.is_err() {
            tracing::error!("a subscription did not stop in time and is aborted");
            self.workers.abort_all();
        }

        self.stop_maintenance.0.send_replace(true);
        let maintenance_stopped = async { while self.maintenance.join_next().await.is_some() {} };
        if timeout(CLOSE_TIMEOUT, maintenance_stopped).await.is_err() {
            tracing::error!("the relay or the cleaner did not stop in time and is aborted");
        }

        let StopReport {
            finished,
            abandoned,
        } = report;
        tracing::info!(
            worker = &*self.worker,
            finished,
            abandoned,
            "the engine stopped"
        );

        report
    }

    /// Starts a task. If it has panicked before, it first waits for a backoff.
    fn spawn(&mut self, engine_task: EngineTask, has_panicked: bool) {
        let Engine {
            app,
            poll_interval,
            grace,
            retention,
            ..
        } = self.engine.clone();
        let worker = Arc::clone(&self.worker);
        let ports = Arc::clone(&app.ports);
        let (_, stop_workers) = &self.stop_workers;
        let (_, stop_maintenance) = &self.stop_maintenance;

        let waiter = |wake_signal: &WakeSignal, stop: &StopSignal, interval| {
            let mut waiter = Waiter::new(wake_signal.subscribe(), stop.clone(), interval);
            if has_panicked {
                waiter.record_failure();
            }
            waiter
        };

        let task = match engine_task {
            EngineTask::Consumer(idx) => {
                let consumer = self.consumers[idx].clone();
                // Events are in the store after the commit, but at the broker only after
                // publishing.
                let wake_signal: &WakeSignal = if consumer.reads_store() {
                    &ports.wake_signal
                } else {
                    &self.published
                };
                let waiter = waiter(wake_signal, stop_workers, poll_interval);
                let mut worker = Worker::new(app, *consumer, waiter);

                self.workers.spawn(async move {
                    worker.waiter.wait_for_backoff().await;
                    worker.run().await;
                    worker.drain(grace).await
                })
            }
            EngineTask::Relay => {
                let waiter = waiter(&ports.wake_signal, stop_maintenance, poll_interval);
                let relay = Relay::waiting_for_broker(worker);
                let published = Arc::clone(&self.published);

                self.maintenance
                    .spawn(run_relay(app, relay, published, waiter))
            }
            EngineTask::Cleaner => {
                // Nobody notifies this signal: the cleaner wakes by time only.
                let never = WakeSignal::default();
                let waiter = waiter(&never, stop_maintenance, CLEAN_UP_INTERVAL);
                self.maintenance
                    .spawn(run_clean_up(ports, retention, waiter))
            }
        };

        self.tasks.insert(task.id(), engine_task);
    }
}

/// Waits until a task panics. A panic of a handler does not count: the attempt catches it.
async fn next_task_panic<T: 'static>(tasks: &mut JoinSet<T>) -> JoinError {
    loop {
        match tasks.join_next().await {
            Some(Ok(_)) => {}
            Some(Err(err)) => return err,
            None => pending().await,
        }
    }
}
