use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{dead_letter, delivery::consumer::Consumer, outbox_backlog::OutboxBacklog},
    error::Error,
    port::{OutboxRow, OutboxState},
    runtime::App,
};

/// The health of an app that processes messages asynchronously.
///
/// Most numbers come from the store and the broker, so they cover the engines of all processes. The
/// numbers that only an engine knows cover only the engines in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The event subscriptions in order of registration, then the command subscriptions.
    pub subscriptions: Vec<SubscriptionHealth>,
    /// The number of messages that wait to be published.
    pub outbox: usize,
    /// How long the oldest message in the outbox has been waiting; `None` if none waits.
    pub oldest_age: Option<Duration>,
    /// The number of messages that could not be published and are not retried.
    pub abandoned: usize,
    /// The number of commands scheduled for later.
    pub scheduled: usize,
    /// The number of events whose inline handling was cut off, and that wait to be handled again.
    ///
    /// An app counts them if it [looks for them](crate::runtime::AppBuilder::recover_inline_after).
    pub cut_off: usize,
    /// The number of dead letters.
    pub dead_letters: usize,
    /// The number of engines of this app that run in this process.
    pub engines: usize,
    /// The number of snapshots that a load ignored, in this process since the app started.
    ///
    /// A few are normal after a deployment. If it keeps growing, a snapshot cannot be read back.
    pub discarded_snapshots: u64,
}

/// The health of one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionHealth {
    /// The name of the subscription: the name of the handler, or `order:command` for commands.
    pub subscription: Arc<str>,
    /// The number of published messages that are not settled yet.
    pub lag: usize,
    /// How many of these messages failed and wait for a retry.
    pub retried: usize,
    /// When its circuit breaker closes, if an engine in this process has opened it.
    pub paused_until: Option<Timestamp>,
    /// The number of streams that wait for a newer program, as far as the engine in this process knows.
    ///
    /// Their events are of newer versions than this program knows. The lag contains them.
    pub paused_streams: usize,
    /// The number of attempts that did not fail, since the engine in this process started.
    pub handled: u64,
    /// The number of attempts that failed, since the engine in this process started.
    pub failed: u64,
    /// The number of calls that lost a race against another writer and were repeated.
    ///
    /// Calls of engines and inline calls count, in this process since the app started. If it grows fast,
    /// many messages change the same state or row at once.
    pub lost_races: u64,
}

impl Health {
    /// Returns the number of published messages that the subscriptions have not settled yet.
    pub fn lag(&self) -> usize {
        self.subscriptions
            .iter()
            .map(|subscription| subscription.lag)
            .sum()
    }

    /// Returns the health of a subscription.
    ///
    /// `name` is the name of a handler, or `order:command` for commands.
    pub fn subscription(&self, name: &str) -> Option<&SubscriptionHealth> {
        self.subscriptions
            .iter()
            .find(|health| *health.subscription == *name)
    }
}

impl App {
    /// Counts the unfinished messages, and the attempts of the engines in this process.
    ///
    /// This reads all unsent rows of the outbox and all events that a store subscription has not
    /// read yet. This is cheap enough for a dashboard, but not for every request.
    ///
    /// # Errors
    ///
    /// Returns an error if an adapter fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::{PlaceOrder, shop};
    /// use flow_domain::{
    ///     App,
    ///     adapter::memory::{MemoryBroker, MemoryStore},
    ///     message::Processing,
    /// };
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = App::builder(shop()?)
    ///     .store(MemoryStore::default())
    ///     .broker(MemoryBroker::default())
    ///     .event_processing(Processing::Async)
    ///     .start();
    /// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
    ///
    /// let health = app.health().await?;
    /// assert_eq!(health.outbox, 1, "no engine has published the event");
    /// assert_eq!(health.engines, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn health(&self) -> Result<Health, Error> {
        let ports = &*self.ports;
        let now = ports.clock.now();
        let outbox = OutboxBacklog::load(ports).await?;
        let replays = dead_letter::find_replayed(ports, None).await?;
        let mut subscriptions = Vec::new();

        // These consumers own nothing, so the name of the engine does not matter.
        for consumer in Consumer::all(&ports.catalog, &"health".into()) {
            let has_feed = consumer.reads_store() || ports.broker.is_some();
            let (retried, lag) = if has_feed {
                consumer.saved_backlog(ports, &replays).await?
            } else {
                (0, 0)
            };
            let metrics = ports.engine_metrics.subscription_metrics(&consumer.name);

            subscriptions.push(SubscriptionHealth {
                subscription: consumer.name,
                lag,
                retried,
                paused_until: metrics.open_until.filter(|until| now < *until),
                // Once the time has passed without a new pause, another program handles the events.
                paused_streams: match metrics.paused_until {
                    Some(until) if now < until => metrics.n_paused_streams,
                    _ => 0,
                },
                handled: metrics.n_handled,
                failed: metrics.n_failed,
                lost_races: metrics.n_lost_races,
            });
        }

        let abandoned = [OutboxState::Abandoned];
        Ok(Health {
            subscriptions,
            oldest_age: outbox.waiting.iter().map(|row| age(row, now)).max(),
            outbox: outbox.waiting.len(),
            abandoned: ports.store.rows(&abandoned, usize::MAX).await?.len(),
            scheduled: outbox.scheduled.len(),
            cut_off: outbox.cut_off.len(),
            dead_letters: dead_letter::count(ports, &[]).await?,
            engines: ports.engine_metrics.n_engines(),
            discarded_snapshots: ports.engine_metrics.n_discarded_snapshots(),
        })
    }
}

/// How long a row has been ready to be sent.
fn age(row: &OutboxRow, now: Timestamp) -> Duration {
    let since = match row.state {
        // After a failure, `due` is the time of the next retry, so it does not tell the age.
        OutboxState::Failed => row.envelope.metadata.time,
        _ => row.due.unwrap_or(row.envelope.metadata.time),
    };
    now.since(since)
}
