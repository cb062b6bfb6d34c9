use std::{borrow::Cow, fmt, sync::Arc};

use crate::{
    engine::{
        delivery::attempt::{Attempt, AttemptReport, AttemptResult},
        delivery::consumer::Consumer,
        manual::footprint::FootprintStore,
        manual::settle_report::Remaining,
        relay::Relay,
        remaining::remaining,
    },
    error::Error,
    handler::{EngineAction, Ports, Session},
    message::MessageId,
    record::{EntryKind, OverlayMap},
    runtime::App,
    wiring::{Domain, WiringErrors},
};

/// How many rows of the outbox are published at once.
pub(super) const BATCH: usize = 1_000;

/// The engine, pulled one step at a time by a test: no tasks, no waiting, the same order every time.
///
/// It runs the code that delivers messages in production. Messages are tried in the order of commit,
/// and one message by the subscriptions in the order of registration. Time moves only when nothing
/// else is left, to the next attempt that is due; the clock of the app must be one that can be moved.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, shop};
/// use std::sync::Arc;
///
/// use flow_domain::{
///     App, Engine,
///     adapter::memory::{MemoryBroker, MemoryStore},
///     clock::VirtualClock,
///     message::Processing,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let app = App::builder(shop()?)
///     .store(MemoryStore::default())
///     .broker(MemoryBroker::default())
///     .clock(Arc::new(VirtualClock::default()))
///     .event_processing(Processing::Async)
///     .start();
/// let mut engine = Engine::test_mode(&app);
///
/// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
/// assert!(!app.view::<OrderDashboard>().exists("ord-1").await?);
///
/// let settled = engine.run().await?;
/// assert!(settled.left.is_quiet());
/// assert!(app.view::<OrderDashboard>().exists("ord-1").await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an engine in test mode does nothing until it is told to"]
pub struct TestEngine {
    pub(super) app: App,
    pub(super) consumers: Vec<Consumer>,
    pub(super) relay: Relay,
    /// What the subscriptions committed, for each message and subscription, how often.
    pub(super) commits: OverlayMap<(MessageId, usize), u32>,
    /// What was tried in this run, in order.
    pub(super) attempts: Vec<LoggedAttempt>,
    /// What was raised in this run, and by which place of the log.
    pub(super) raised: Vec<(MessageId, usize)>,
    pub(super) session: Session,
    pub(super) watched_ports: Option<(Arc<FootprintStore>, Arc<Ports>)>,
    pub(super) rebuild: Option<Arc<BuildDomain>>,
    pub(super) is_subscribed: bool,
}

pub(super) type BuildDomain = dyn Fn() -> Result<Domain, WiringErrors> + Send + Sync;

/// An attempt, for the story of a run that does not end.
#[derive(Clone, Debug)]
pub(super) struct LoggedAttempt {
    pub(super) message: MessageId,
    pub(super) name: Cow<'static, str>,
    pub(super) handler: &'static str,
}

impl TestEngine {
    pub(in crate::engine) fn new(app: &App) -> Self {
        let worker: Arc<str> = "test".into();
        Self {
            consumers: Consumer::all(&app.ports.catalog, &worker),
            relay: Relay::new(worker),
            app: app.clone(),
            commits: OverlayMap::default(),
            attempts: Vec::new(),
            raised: Vec::new(),
            session: Session::default(),
            watched_ports: None,
            rebuild: None,
            is_subscribed: false,
        }
    }

    /// Says how the domain is built again when the engine restarts, so that handlers begin without
    /// what they remember. By default they are kept.
    pub fn rebuild_with(
        mut self,
        domain: impl Fn() -> Result<Domain, WiringErrors> + Send + Sync + 'static,
    ) -> Self {
        self.rebuild = Some(Arc::new(domain));
        self
    }

    /// The app that it runs.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Makes sure that every subscription is known where it reads. Called by everything else; a
    /// subscription that begins with what comes from now on begins here.
    ///
    /// # Errors
    ///
    /// Returns an error if the app has no broker and needs one, or if an adapter fails.
    pub async fn subscribe(&mut self) -> Result<(), Error> {
        if !self.is_subscribed {
            for consumer in &mut self.consumers {
                consumer.subscribe(&self.app.ports).await?;
            }
            self.is_subscribed = true;
        }
        Ok(())
    }

    /// Publishes what waits, and reads what was published; returns true if something was published.
    pub(super) async fn publish_and_read(&mut self) -> Result<bool, Error> {
        self.subscribe().await?;
        let mut has_published = false;
        loop {
            let n_rows = self.relay.publish_due(&self.app.ports, BATCH).await?;
            has_published |= 0 < n_rows;
            if n_rows < BATCH {
                break;
            }
        }

        for consumer in &mut self.consumers {
            consumer.fill(&self.app.ports).await?;
        }

        Ok(has_published)
    }

    pub(super) async fn run_attempt(
        &mut self,
        place: usize,
        idx: usize,
        ports: &Arc<Ports>,
        after: Option<EngineAction>,
    ) -> Result<AttemptReport, Error> {
        let consumer = &mut self.consumers[place];
        let message = consumer.ready[idx].envelope.metadata.id;
        let n_commits = self.commits.get(&(message, place)).copied().unwrap_or(0);
        let target = consumer.target;
        let processing = target.processing(&self.app);
        let attempt = consumer
            .take(idx, ports, n_commits, processing)
            .ok_or_else(|| Error::setup("there is nothing at that place"))?;
        let mut attempted = attempt.run(&mut self.session).await;

        self.log_attempt(&attempt, &attempted, place, n_commits);
        let app = self.app.with_ports(ports);
        attempted.handle_events_inline(&app, target).await;
        let after = after.unwrap_or_else(|| {
            let envelope = &attempt.incoming.envelope;
            let asked = ports.interceptor.as_ref();

            // What it has no method for is no attempt.
            asked.filter(|_| !attempted.is_ignored()).map_or(
                EngineAction::Continue,
                |interceptor| {
                    interceptor.after(attempted.handler, envelope, attempt.incoming.attempt)
                },
            )
        });

        match after {
            EngineAction::Continue => self.consumers[place].settle(&attempt, &attempted).await?,
            EngineAction::Crash => {
                ports.record(Some(attempted.entry), || EntryKind::EngineCrashed);
                self.restart()?;
            }
            EngineAction::Restart => {
                self.consumers[place].settle(&attempt, &attempted).await?;
                ports.record(Some(attempted.entry), || EntryKind::EngineRestarted);
                self.release_all().await?;
                self.restart()?;
            }
        }

        Ok(attempted)
    }

    pub(super) fn log_attempt(
        &mut self,
        attempt: &Attempt,
        attempted: &AttemptReport,
        place: usize,
        n_commits: u32,
    ) {
        let metadata = &attempt.incoming.envelope.metadata;
        if attempted.is_ignored() {
            return;
        }

        if let AttemptResult::Handled(committed) = &attempted.result {
            self.commits.insert((metadata.id, place), n_commits + 1);
            let step = self.attempts.len();
            let raised = committed.iter().map(|one| (one.event.metadata.id, step));
            self.raised.extend(raised);
        }

        self.attempts.push(LoggedAttempt {
            message: metadata.id,
            name: metadata.message_type.shared_name(),
            handler: attempted.handler,
        });
    }

    /// What is left to do.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin).
    pub async fn remaining(&mut self) -> Result<Remaining, Error> {
        self.subscribe().await?;
        remaining(&self.app.ports, &self.consumers).await
    }
}

impl fmt::Debug for TestEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestEngine")
            .field("app", &self.app)
            .field("consumers", &self.consumers)
            .finish_non_exhaustive()
    }
}
