use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    sync::Notify,
    task::{AbortHandle, Id, JoinError, JoinSet},
};

use crate::{
    engine::{
        background::waiter::StopSignal,
        delivery::attempt::{Attempt, AttemptReport, AttemptResult},
        delivery::consumer::Consumer,
        delivery::incoming::IncomingMessage,
        delivery::queue::QueueKey,
    },
    handler::Session,
    runtime::App,
};

/// How many messages a task handles before it ends, so that other tasks of the runtime come next.
const MAX_PER_TASK: usize = 64;

/// A consumer that its worker shares with the tasks that handle its messages.
pub(in crate::engine) type SharedConsumer = Arc<tokio::sync::Mutex<Consumer>>;

/// The tasks that handle messages of a subscription. Dropping this aborts them.
///
/// A task handles one message after the other while some are ready. So most messages need neither a
/// new task nor the worker.
#[derive(Debug, Default)]
pub(in crate::engine) struct InFlight {
    // Each returns whether its last message is settled.
    tasks: JoinSet<bool>,
    // Invariant: there is one entry for each task.
    started: Vec<StartedTask>,
    /// Notified when a task has made the first change that is not saved.
    unsaved: Arc<Notify>,
}

#[derive(Debug)]
struct StartedTask {
    handle: AbortHandle,
    message: CurrentMessage,
}

/// The message that a task handles now.
type CurrentMessage = Arc<Mutex<(QueueKey, IncomingMessage)>>;

/// What has happened in a task.
#[derive(Debug)]
pub(in crate::engine) enum Completion {
    /// The task has ended, and says whether its last message is settled.
    Ended { is_settled: bool },
    /// The engine itself panicked, not the handler: a panic of a handler is caught.
    TaskPanicked(Box<(QueueKey, IncomingMessage)>, JoinError),
    /// The task was aborted, because another engine owns the partition of its message by now.
    Aborted,
    /// The task goes on, and there is something to save.
    Unsaved,
}

impl InFlight {
    /// Handles a message in a new task, and then others that are ready.
    pub(in crate::engine) fn start(
        &mut self,
        app: &App,
        consumer: &SharedConsumer,
        attempt: Attempt,
        stop: &StopSignal,
    ) {
        let message = Arc::new(Mutex::new((attempt.key, attempt.incoming.clone())));
        let attempts = Attempts {
            app: app.clone(),
            consumer: Arc::clone(consumer),
            message: Arc::clone(&message),
            unsaved: Arc::clone(&self.unsaved),
            stop: stop.clone(),
        };

        let handle = self.tasks.spawn(attempts.run(attempt));
        self.started.push(StartedTask { handle, message });
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.started.len()
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.started.is_empty()
    }

    /// Aborts the tasks that handle a message of a partition. The caller has locked the consumer.
    pub(in crate::engine) fn abort_partition(&self, partition: u32) {
        for task in &self.started {
            if current(&task.message).1.partition() == Some(partition) {
                task.handle.abort();
            }
        }
    }

    /// Waits until a task has ended, or has something to save. Waits for ever if there is no task.
    pub(in crate::engine) async fn next(&mut self) -> Completion {
        tokio::select! {
            biased;
            Some(joined) = self.tasks.join_next_with_id() => self.completion(joined),
            () = self.unsaved.notified() => Completion::Unsaved,
        }
    }

    /// Returns a task that has already ended, if there is one.
    pub(in crate::engine) fn try_next(&mut self) -> Option<Completion> {
        let joined = self.tasks.try_join_next_with_id()?;
        Some(self.completion(joined))
    }

    /// Aborts all tasks.
    pub(in crate::engine) fn abandon(&mut self) {
        // Do not wait for the tasks: a handler that blocks its thread cannot be aborted.
        self.tasks = JoinSet::new();
        self.started.clear();
    }

    fn completion(&mut self, joined: Result<(Id, bool), JoinError>) -> Completion {
        match joined {
            Ok((id, is_settled)) => {
                self.take(id);
                Completion::Ended { is_settled }
            }
            Err(err) => {
                let message = self.take(err.id()).message;
                if err.is_cancelled() {
                    Completion::Aborted
                } else {
                    Completion::TaskPanicked(Box::new(current(&message)), err)
                }
            }
        }
    }

    /// Removes and returns the entry of a task.
    fn take(&mut self, task_id: Id) -> StartedTask {
        let idx = self
            .started
            .iter()
            .position(|task| task.handle.id() == task_id)
            .expect("each task has its entry");

        self.started.swap_remove(idx)
    }
}

// A poisoned lock is fine, because the value is replaced as a whole.
fn current(message: &CurrentMessage) -> (QueueKey, IncomingMessage) {
    message
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// The attempts of one task, one after the other.
struct Attempts {
    app: App,
    consumer: SharedConsumer,
    message: CurrentMessage,
    unsaved: Arc<Notify>,
    stop: StopSignal,
}

impl Attempts {
    /// Handles and settles messages. Returns whether the last one could be settled.
    async fn run(self, mut attempt: Attempt) -> bool {
        // All messages of the task reuse its allocations.
        let mut session = Session::default();
        let mut n_left = MAX_PER_TASK;

        loop {
            let mut report = attempt.run(&mut session).await;
            report.handle_events_inline(&self.app, attempt.target).await;

            let mut consumer = self.consumer.lock().await;
            // Another engine may have won the partition in the meantime. Then this task is aborted.
            let is_owned = consumer.queue.get(attempt.key).is_some();
            let was_saved = !consumer.has_unsaved();
            let is_settled = settle(&mut consumer, &attempt, &report).await;
            if was_saved && consumer.has_unsaved() {
                self.unsaved.notify_one();
            }

            // After a failure, the worker sees to the failures of the other tasks first: together they
            // may open the circuit breaker.
            let has_failed = matches!(report.result, AttemptResult::Failed { .. });
            n_left -= 1;
            if !is_owned || has_failed || n_left == 0 || *self.stop.borrow() {
                return is_settled;
            }
            match consumer.start_next(&self.app) {
                Some(next) => attempt = next,
                None => return is_settled,
            }
            let message = (attempt.key, attempt.incoming.clone());
            *self.message.lock().unwrap_or_else(PoisonError::into_inner) = message;
        }
    }
}

/// Settles an attempt and counts it; returns false if settling failed.
async fn settle(consumer: &mut Consumer, attempt: &Attempt, report: &AttemptReport) -> bool {
    log_stall(report);
    let settled = consumer.settle(attempt, report).await;
    match report.result {
        AttemptResult::NewerEvent(_) | AttemptResult::Fenced => {
            consumer.count_attempts(&attempt.ports, 0, 0);
        }
        AttemptResult::Failed { .. } => consumer.count_attempts(&attempt.ports, 0, 1),
        _ => consumer.count_attempts(&attempt.ports, 1, 0),
    }

    if let Err(err) = &settled {
        let (subscription, error) = (&*consumer.name, err.with_causes());
        tracing::error!(subscription, %error, "a replay could not be settled");
    }
    settled.is_ok()
}

/// Logs a stall in the inline cascade of a command. No other code reports it.
fn log_stall(report: &AttemptReport) {
    let inline = report.inline.as_ref();
    if let Some(stall) = inline.and_then(|inline| inline.stall.as_deref()) {
        tracing::error!(handler = report.handler, error = %stall, "the cascade of a command did not settle");
    }
}

#[cfg(feature = "derive")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::memory::{MemoryBroker, MemoryStore},
        doc_fixture::{OrderDashboard, PlaceOrder, shop},
        engine::relay::Relay,
        message::{Processing, StreamName},
    };

    /// Returns the id of an order in this partition of two.
    fn order_in(partition: u32) -> String {
        let mut ids = (0..).map(|n| format!("ord-{n}"));
        let is_in_it = |id: &String| {
            let stream: StreamName = format!("order-{id}").parse().expect("it is a name");
            stream.partition(2) == partition
        };
        ids.find(is_in_it).expect("half of them are")
    }

    /// The abort of a task comes too late if its handler ends at the same moment.
    #[tokio::test]
    async fn task_that_lost_its_partition_starts_nothing_more() {
        let app = App::builder(shop().expect("it has no mistakes"))
            .store(MemoryStore::default())
            .broker(MemoryBroker::with_partitions(2))
            .event_processing(Processing::Async)
            .start();
        for order_id in [order_in(0), order_in(1)] {
            let total_cents = 1;
            let command = PlaceOrder {
                order_id,
                total_cents,
            };
            app.process(command).await.expect("it is new");
        }
        let member = "one".into();
        let mut relay = Relay::new(Arc::clone(&member));
        relay.publish_due(&app, 9).await.expect("there is a broker");
        let mut consumer = *Consumer::all(&app.ports.catalog, &member).remove(0);
        consumer.take_turn(&app.ports).await.expect("memory");
        consumer.fill(&app.ports, &[]).await.expect("memory");

        let attempt = consumer.start_next(&app).expect("two messages are ready");
        consumer.drop_partition(0);
        let consumer: SharedConsumer = Arc::new(consumer.into());
        let (_stopper, stop) = tokio::sync::watch::channel(false);
        let attempts = Attempts {
            app: app.clone(),
            consumer: Arc::clone(&consumer),
            message: Arc::new(Mutex::new((attempt.key, attempt.incoming.clone()))),
            unsaved: Arc::default(),
            stop,
        };
        attempts.run(attempt).await;

        let exists = async |id: String| app.view::<OrderDashboard>().exists(id).await.ok();
        assert_eq!(exists(order_in(0)).await, Some(true));
        assert_eq!(exists(order_in(1)).await, Some(false));
        assert_eq!(consumer.lock().await.queue.n_in_flight(), 0);
    }
}
