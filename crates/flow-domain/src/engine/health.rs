use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{dead_letter, delivery::consumer::Consumer, remaining::OutboxBacklog},
    error::Error,
    port::{OutboxRow, OutboxState},
    runtime::App,
};

/// How an app is doing that leaves messages for later.
///
/// What is counted is read from the store and the broker, so that it holds whichever process the
/// engine runs in. What the engine itself knows is told of those that run in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The subscriptions, those of events in order of registration, then those of commands.
    pub subscriptions: Vec<SubscriptionHealth>,
    /// How many messages wait to be published.
    pub outbox: usize,
    /// For how long the oldest of them waits.
    pub oldest_age: Option<Duration>,
    /// How many messages could not be published and are not tried again.
    pub abandoned: usize,
    /// How many commands are scheduled for later.
    pub scheduled: usize,
    /// How many messages were given up on.
    pub dead_letters: usize,
    /// How many engines of this app run in this process.
    pub engines: usize,
}

/// How a subscription is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionHealth {
    /// The subscription: the name of the handler, or `order:command`.
    pub subscription: Arc<str>,
    /// How many published messages it has not done with.
    pub lag: usize,
    /// How many of them failed and are tried again.
    pub retried: usize,
    /// When its circuit breaker closes, if an engine in this process has opened it.
    pub paused_until: Option<Timestamp>,
    /// How many attempts were handled, or found nothing to do, since the engine in this process started.
    pub handled: u64,
    /// How many attempts failed since then.
    pub failed: u64,
}

impl Health {
    /// How many messages the subscriptions have not done with.
    pub fn lag(&self) -> usize {
        self.subscriptions.iter().map(|one| one.lag).sum()
    }

    /// Returns what is told of a subscription: the name of a handler, or `order:command`.
    pub fn subscription(&self, subscription: &str) -> Option<&SubscriptionHealth> {
        self.subscriptions
            .iter()
            .find(|one| *one.subscription == *subscription)
    }
}

impl App {
    /// Counts what is left to do, and what the engines of this process have done.
    ///
    /// It looks at everything that the outbox has to send and at every event that a subscription of the
    /// event store has not read: a look for a dashboard, not for each request.
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
        let outbox = OutboxBacklog::of(ports).await?;
        let mut subscriptions = Vec::new();

        // Whoever only looks claims nothing, so that it needs no name.
        for mut consumer in Consumer::all(&ports.catalog, &"health".into()) {
            let has_feed = consumer.reads_store() || ports.broker.is_some();
            let (retried, lag) = if has_feed {
                consumer.load_checkpoint(ports).await?;
                consumer.backlog(ports).await?
            } else {
                (0, 0)
            };
            let gauge = ports.engine_metrics.subscription_metrics(&consumer.name);

            subscriptions.push(SubscriptionHealth {
                subscription: consumer.name,
                lag,
                retried,
                paused_until: gauge.open_until.filter(|until| now < *until),
                handled: gauge.n_handled,
                failed: gauge.n_failed,
            });
        }

        let abandoned = [OutboxState::Abandoned];
        Ok(Health {
            subscriptions,
            oldest_age: outbox.waiting.iter().map(|row| age(row, now)).max(),
            outbox: outbox.waiting.len(),
            abandoned: ports.store.rows(&abandoned, usize::MAX).await?.len(),
            scheduled: outbox.scheduled.len(),
            dead_letters: dead_letter::count(ports, &[]).await?,
            engines: ports.engine_metrics.n_engines(),
        })
    }
}

/// For how long a row could have been sent.
fn age(row: &OutboxRow, now: Timestamp) -> Duration {
    let since = match row.state {
        // When it is due tells when it is tried again.
        OutboxState::Failed => row.envelope.metadata.time,
        _ => row.due,
    };
    now.since(since)
}
