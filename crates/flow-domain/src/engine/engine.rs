use std::{sync::Arc, time::Duration};

use crate::{
    clock::IdContext,
    engine::{
        background::clean_up::Retention,
        background::tasks::{BackgroundEngine, StopReport},
        delivery::consumer::{Consumer, Consumers},
    },
    error::Error,
    message::Processing,
    runtime::App,
};

/// Runs the asynchronous part of an app: publishes committed messages and delivers them to the
/// subscriptions.
///
/// Several engines may share a store and a broker, in one process or in many. They divide the
/// partitions of each subscription among them, and share again when engines come and go. A partition
/// has all messages of its streams, and one engine at a time. The messages of one stream are handled
/// one after the other.
///
/// If an engine dies, the others take over its partitions after ten seconds, however long its handlers
/// may take. An engine that stops releases them at once. An engine that was replaced and does not know
/// it yet cannot commit any more.
///
/// Delivery is at least once. What an engine has done is saved in batches, at most 20 milliseconds
/// later. If it dies in between, the messages are handled again. With
/// [`once`](crate::handler::SubscriptionOptions::once), the second time changes nothing.
///
/// A message that kills its process again and again becomes a dead letter. After the second death, the
/// messages of its partition are tried one at a time, until the one is found.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, shop};
/// use flow_domain::{
///     App, Engine,
///     adapter::memory::{MemoryBroker, MemoryStore},
///     message::Processing,
/// };
/// use tokio::sync::oneshot;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let app = App::builder(shop()?)
///     .store(MemoryStore::default())
///     .broker(MemoryBroker::default())
///     .event_processing(Processing::Async)
///     .start();
/// let (stop, stopped) = oneshot::channel();
/// let engine = Engine::new(app.clone()).run_until(async { stopped.await.unwrap_or_default() });
/// let engine = tokio::spawn(engine);
///
/// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
/// while !app.view::<OrderDashboard>().exists("ord-1").await? {
///     tokio::task::yield_now().await;
/// }
///
/// stop.send(()).expect("the engine is running");
/// assert_eq!(engine.await??.abandoned, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an engine does nothing until it is run"]
pub struct Engine {
    pub(super) app: App,
    worker: Option<Arc<str>>,
    pub(super) poll_interval: Duration,
    pub(super) grace: Duration,
    pub(super) retention: Retention,
}

impl Engine {
    /// Makes an engine for `app`.
    pub fn new(app: App) -> Self {
        Self {
            app,
            worker: None,
            poll_interval: Duration::from_millis(100),
            grace: Duration::from_secs(10),
            retention: Retention::default(),
        }
    }

    /// Sets the name under which this engine claims messages. By default, the name is a new id.
    ///
    /// Two engines that run at the same time must not have the same name.
    pub fn worker(mut self, name: impl Into<Arc<str>>) -> Self {
        self.worker = Some(name.into());
        self
    }

    /// Sets how often the engine polls for work that, for example, another process committed. The
    /// default is 100 milliseconds.
    ///
    /// While the engine finds nothing, it polls less and less often, down to once in ten intervals.
    /// Commits in the same process wake it at once.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        // A timer of zero is always ready and would starve the other tasks of the runtime.
        self.poll_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Sets how long running handlers may take to finish when the engine stops. The default is ten
    /// seconds.
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace = period;
        self
    }

    /// Sets how long the outbox keeps published messages. The default is one minute.
    ///
    /// Nothing reads them but a person who looks for a message.
    pub fn keep_published(mut self, age: Duration) -> Self {
        self.retention.published = age;
        self
    }

    /// Sets how long the outbox keeps messages that could not be published. The default is
    /// thirty days.
    pub fn keep_abandoned(mut self, age: Duration) -> Self {
        self.retention.abandoned = age;
        self
    }

    /// Sets how long the store remembers that a handler with
    /// [`once`](crate::handler::SubscriptionOptions::once) or a process manager has handled a message. The
    /// default is one day.
    ///
    /// It must be longer than a message can be on its way a second time. That is the time in which a dead
    /// engine is replaced, plus the lag of the subscription. The store remembers the versions of deleted
    /// states and rows for the same time. No call of a handler may last longer.
    pub fn keep_handled(mut self, age: Duration) -> Self {
        self.retention.handled = age;
        self
    }

    /// Sets whether the engine deletes messages that all subscriptions of the app have settled from the
    /// topics of the broker. The default is no: a topic keeps all its messages.
    ///
    /// Only the subscriptions of this domain count, in this store. So leave it off if another app with another
    /// domain or store reads the same topics, because it would lose messages. Leave it off for a broker
    /// with rules of its own for old messages. Turn it on for a
    /// [`MemoryBroker`](crate::adapter::memory::MemoryBroker) in a process that runs for long.
    ///
    /// A new subscription starts at the oldest message that is left. A subscription that the domain has
    /// and that no engine has run yet keeps all messages.
    pub fn trim_topics(mut self, trim: bool) -> Self {
        self.retention.trims_topics = trim;
        self
    }

    /// Runs the engine until `signal` is ready, then stops it gracefully.
    ///
    /// After the signal, the engine reads no more messages. It waits for running handlers during
    /// the grace period and abandons those that take longer. It releases the messages that it has
    /// read and not tried, and publishes the messages that were committed. The adapters stay open;
    /// [`App::close`] closes them.
    ///
    /// If an adapter fails, the engine logs the error and backs off for at most half a minute. A
    /// failing adapter never ends the engine. If the future is dropped, the engine stops as if the
    /// process had died. Without subscriptions the engine logs a warning and returns at once.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] returns true if messages go through a broker,
    /// but the app has no broker.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime with time enabled.
    pub async fn run_until(self, signal: impl Future<Output = ()>) -> Result<StopReport, Error> {
        let worker = self.worker.clone().unwrap_or_else(|| {
            let id = self.app.ports.ids.make(IdContext::new(None, "", 0, 0));
            id.to_string().into()
        });
        let consumers = Consumer::all(&self.app.ports.catalog, &worker);

        if consumers.is_empty() {
            tracing::warn!("the domain has no subscriptions: there is nothing to run");
            return Ok(StopReport::default());
        }

        require_broker(&self.app, &consumers)?;
        let running = BackgroundEngine::start(self, worker, consumers);
        Ok(running.run_until(signal).await)
    }
}

/// Returns an error if the app has no broker and its subscriptions or its publishing need one.
fn require_broker(app: &App, consumers: &Consumers) -> Result<(), Error> {
    if app.ports.broker.is_some() {
        return Ok(());
    }

    let advice = "add one with `.broker(..)`; within one process, use `MemoryBroker::default()`";
    if let Some(consumer) = consumers.iter().find(|consumer| !consumer.reads_store()) {
        let name = &consumer.name;
        return Err(Error::setup(format!(
            "the subscription `{name}` reads from a broker, but the app has no broker: {advice}; \
             an event handler can also read the event store, with `.source(Source::EventStore)`"
        )));
    }

    if app.event_processing() == Processing::Async {
        return Err(Error::setup(format!(
            "events are published to a broker, but the app has no broker: {advice}"
        )));
    }

    Ok(())
}
