use std::{collections::HashMap, future::pending, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::timeout,
};

use crate::{
    engine::{
        delivery::consumer::Consumer,
        relay::Relay,
        running::drain::{CLOSING, Drained},
        running::duties::{CLEANING, Keeping, clean_up, publish},
        running::first::{First, first},
        running::waiter::{Stop, Waiter},
        running::worker::Worker,
    },
    handler::{Bell, Gauges, RunningEngine},
    runtime::App,
};

/// What an engine did with what was on its way when it was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// How many attempts were finished within the grace period.
    pub finished: usize,
    /// How many were broken off. Their messages are handed out again: those from the broker once
    /// their lease has ended.
    pub abandoned: usize,
}

/// How an engine runs.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Plan {
    pub(in crate::engine) app: App,
    pub(in crate::engine) worker: Arc<str>,
    pub(in crate::engine) poll_interval: Duration,
    pub(in crate::engine) grace: Duration,
    pub(in crate::engine) keeping: Keeping,
}

/// An engine at work. Dropped, everything in it breaks off.
#[derive(Debug)]
pub(in crate::engine) struct Running {
    plan: Plan,
    consumers: Vec<Consumer>,
    /// Rings when messages were published.
    arrivals: Arc<Bell>,
    stop_workers: (watch::Sender<bool>, Stop),
    stop_duties: (watch::Sender<bool>, Stop),
    workers: JoinSet<Drained>,
    duties: JoinSet<()>,
    /// What each task does, so that it can be started again.
    parts: HashMap<Id, Part>,
    _counted: RunningEngine,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Consumer(usize),
    Relay,
    Cleaner,
}

impl Running {
    pub(in crate::engine) fn start(plan: Plan, consumers: Vec<Consumer>) -> Self {
        let mut running = Self {
            _counted: Gauges::start(&plan.app.ports.gauges),
            plan,
            arrivals: Arc::default(),
            stop_workers: Stop::new(),
            stop_duties: Stop::new(),
            workers: JoinSet::new(),
            duties: JoinSet::new(),
            parts: HashMap::new(),
            consumers,
        };
        running.spawn(Part::Relay, false);
        running.spawn(Part::Cleaner, false);
        for place in 0..running.consumers.len() {
            running.spawn(Part::Consumer(place), false);
        }
        running
    }

    /// Works until the signal comes, and stops in order.
    pub(in crate::engine) async fn until(mut self, signal: impl Future<Output = ()>) -> Stopped {
        let mut signal = std::pin::pin!(signal);
        loop {
            let broke_off = first(broken_off(&mut self.workers), broken_off(&mut self.duties));
            match first(signal.as_mut(), broke_off).await {
                First::One(()) => break,
                First::Other(First::One(err) | First::Other(err)) => self.start_again(&err),
            }
        }
        self.stop().await
    }

    fn start_again(&mut self, err: &JoinError) {
        if let Some(part) = self.parts.remove(&err.id()) {
            tracing::error!(?part, error = %err, "a part of the engine broke off, and starts again");
            self.spawn(part, true);
        }
    }

    /// The subscriptions stop first, and what they commit is still published.
    async fn stop(mut self) -> Stopped {
        let mut stopped = Stopped::default();
        self.stop_workers.0.send_replace(true);
        let at_most = self.plan.grace.saturating_add(CLOSING * 2);
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
        self.stop_duties.0.send_replace(true);
        let all = async { while self.duties.join_next().await.is_some() {} };
        if timeout(CLOSING, all).await.is_err() {
            tracing::error!("the relay did not stop and is broken off");
        }
        let Stopped {
            finished,
            abandoned,
        } = stopped;
        tracing::info!(worker = &*self.plan.worker, finished, abandoned, "stopped");
        stopped
    }

    /// Starts a part of the engine; after a pause if it broke off before.
    fn spawn(&mut self, part: Part, was_broken_off: bool) {
        let Plan {
            app,
            worker,
            poll_interval,
            grace,
            keeping,
        } = self.plan.clone();
        let ports = Arc::clone(&app.ports);
        let waiter = |bell: &Bell, stop: &Stop, interval| {
            let mut waiter = Waiter::new(bell.listen(), stop.clone(), interval);
            if was_broken_off {
                waiter.failed();
            }
            waiter
        };
        let (_, stop_workers) = &self.stop_workers;
        let (_, stop_duties) = &self.stop_duties;
        let task = match part {
            Part::Consumer(place) => {
                let consumer = self.consumers[place].clone();
                let bell: &Bell = if consumer.reads_store() {
                    &ports.bell
                } else {
                    &self.arrivals
                };
                let waiter = waiter(bell, stop_workers, poll_interval);
                let mut worker = Worker::new(app, consumer, &worker, waiter);
                self.workers.spawn(async move {
                    worker.waiter.rest().await;
                    worker.run().await;
                    worker.drain(grace).await
                })
            }
            Part::Relay => {
                let waiter = waiter(&ports.bell, stop_duties, poll_interval);
                let (relay, arrivals) = (Relay::patient(worker), Arc::clone(&self.arrivals));
                self.duties.spawn(publish(ports, relay, arrivals, waiter))
            }
            Part::Cleaner => {
                // Nobody rings for it.
                let waiter = waiter(&Bell::default(), stop_duties, CLEANING);
                self.duties.spawn(clean_up(ports, keeping, waiter))
            }
        };
        self.parts.insert(task.id(), part);
    }
}

/// Waits until a task breaks off: something in it panicked that is not a handler.
async fn broken_off<T: 'static>(tasks: &mut JoinSet<T>) -> JoinError {
    loop {
        match tasks.join_next().await {
            Some(Ok(_)) => {}
            Some(Err(err)) => return err,
            None => pending().await,
        }
    }
}
