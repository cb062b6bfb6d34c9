use std::{sync::Arc, time::Duration};

use crate::{
    clock::IdContext,
    engine::{
        TestEngine,
        background::maintenance::Retention,
        background::tasks::{BackgroundEngine, EngineConfig, StopReport},
        delivery::consumer::Consumer,
    },
    error::Error,
    message::Processing,
    runtime::App,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs what an app leaves for later: it publishes what was committed, and hands messages to the
/// subscriptions.
///
/// Several engines may run on the same store and broker, in one process or in many: each message is
/// handled by one of them, the messages of one stream one after the other, and what a dead one held is
/// taken over once its lease has ended. A message is handled at least once: whoever dies between the
/// commit of a handler and the acknowledgement leaves it to be handled again.
///
/// An event that a subscription reads from the event store is read by one engine at a time, whatever
/// their number.
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
/// stop.send(()).expect("the engine listens");
/// assert_eq!(engine.await??.abandoned, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an engine does nothing until it is run"]
pub struct Engine {
    app: App,
    worker: Option<Arc<str>>,
    poll_interval: Duration,
    grace: Duration,
    retention: Retention,
}

impl Engine {
    /// Makes an engine for `app`.
    pub fn new(app: App) -> Self {
        Self {
            app,
            worker: None,
            poll_interval: Duration::from_millis(100),
            grace: Duration::from_secs(10),
            retention: Retention {
                published: 7 * DAY,
                abandoned: 30 * DAY,
            },
        }
    }

    /// An engine that does nothing by itself, for a test that pulls it step by step.
    pub fn test_mode(app: &App) -> TestEngine {
        TestEngine::new(app)
    }

    /// The name of this engine, for what it claims; no two that run at once may have the same. By default
    /// an id that the app makes.
    pub fn worker(mut self, name: impl Into<Arc<str>>) -> Self {
        self.worker = Some(name.into());
        self
    }

    /// How often it is looked for work that nobody told of, such as that of another process. 100
    /// milliseconds by default; while nothing comes it is looked less often, down to a tenth.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// How long what is on its way may take to finish when the engine is stopped. Ten seconds by default.
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace = period;
        self
    }

    /// For how long the outbox keeps what was published. Seven days by default.
    pub fn keep_published(mut self, age: Duration) -> Self {
        self.retention.published = age;
        self
    }

    /// For how long the outbox keeps what could not be published. Thirty days by default.
    pub fn keep_abandoned(mut self, age: Duration) -> Self {
        self.retention.abandoned = age;
        self
    }

    /// Runs until `signal` comes. Then it reads nothing more, finishes what is on its way within the
    /// grace period and abandons the rest, gives back what it has read and not tried, and publishes what
    /// was committed. The adapters stay open for others that use them: [`App::close`] closes them.
    ///
    /// An adapter that fails is logged and left alone for a while, up to half a minute, and never ends
    /// the engine. If the future is dropped before its end, everything breaks off as if the process had
    /// died. A domain without subscriptions has nothing to run: that is logged, and it returns at once.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if messages go through a broker and the app
    /// has none.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime with time enabled.
    pub async fn run_until(self, signal: impl Future<Output = ()>) -> Result<StopReport, Error> {
        let worker = self.worker.unwrap_or_else(|| {
            let id = self.app.ports.ids.make(IdContext::new(None, "", 0, 0));
            id.to_string().into()
        });
        let consumers = Consumer::all(&self.app.ports.catalog, &worker);

        if consumers.is_empty() {
            tracing::warn!("the domain has no subscriptions: there is nothing to run");
            return Ok(StopReport::default());
        }

        require_broker(&self.app, &consumers)?;
        let plan = EngineConfig {
            app: self.app,
            worker,
            // A timer that is always up would never let anybody else run.
            poll_interval: self.poll_interval.max(Duration::from_millis(1)),
            grace: self.grace,
            retention: self.retention,
        };

        Ok(BackgroundEngine::start(plan, consumers)
            .run_until(signal)
            .await)
    }
}

fn require_broker(app: &App, consumers: &[Consumer]) -> Result<(), Error> {
    if app.ports.broker.is_some() {
        return Ok(());
    }

    let with = "give it one with `.broker(..)`, `MemoryBroker::default()` for one process";
    if let Some(one) = consumers.iter().find(|one| !one.reads_store()) {
        let name = &one.name;
        return Err(Error::setup(format!(
            "the subscription `{name}` reads from a broker, and the app has none: {with}; \
             an event handler can read the event store instead, with `.source(Source::EventStore)`"
        )));
    }

    if app.event_processing() == Processing::Async {
        return Err(Error::setup(format!(
            "events are published to a broker, and the app has none: {with}"
        )));
    }

    Ok(())
}
