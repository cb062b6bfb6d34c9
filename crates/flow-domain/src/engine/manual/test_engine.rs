use std::{fmt, sync::Arc};

use crate::{
    engine::{
        Engine, dead_letter,
        delivery::attempt::{Attempt, AttemptReport, AttemptResult},
        delivery::consumer::{Consumer, Consumers},
        delivery::incoming::IncomingMessage,
        delivery::queue::{MessageState, QueueKey},
        manual::footprint::FootprintStore,
        manual::remaining::find_remaining,
        manual::settle_report::Remaining,
        relay::Relay,
    },
    error::Error,
    handler::{CommittedEvent, Ports, Session, hooks::EngineAction},
    message::MessageId,
    port::Changes,
    record::{EntryKind, OverlayMap},
    runtime::{App, delivery_log::DeliveryLog},
    wiring::{Domain, WiringErrors},
};

/// The largest number of outbox rows that are published in one batch.
pub(super) const BATCH: usize = 1_000;

/// An engine that a test drives step by step: no tasks, no waiting, the same order every time.
///
/// It runs the same code that delivers messages in production. It delivers messages in the order of
/// commit, and one message to the subscriptions in the order of registration. The engine advances
/// the clock only when nothing else is left, to the next retry. The clock of the app must support
/// that, as [`VirtualClock`](crate::clock::VirtualClock) does.
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
/// let report = engine.run().await?;
/// assert!(report.remaining.is_quiet());
/// assert!(app.view::<OrderDashboard>().exists("ord-1").await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an engine in test mode does nothing until a test runs it"]
pub struct TestEngine {
    pub(super) app: App,
    pub(super) consumers: Consumers,
    pub(super) relay: Relay,
    /// How often each subscription, by its index, has committed for each message.
    pub(super) commits: OverlayMap<(MessageId, usize), u32>,
    /// The attempts of this run, in the order in which they ran.
    pub(super) log: DeliveryLog,
    pub(super) session: Session,
    /// Created for the first delivery whose footprint is needed.
    pub(super) watched_ports: Option<(Arc<FootprintStore>, Arc<Ports>)>,
    pub(super) rebuild: Option<Arc<BuildDomain>>,
    pub(super) is_subscribed: bool,
}

/// Builds the domain again when the engine restarts.
pub(super) type BuildDomain = dyn Fn() -> Result<Domain, WiringErrors> + Send + Sync;

impl Engine {
    /// Makes an engine for tests: it does nothing automatically, the test drives it step by step.
    pub fn test_mode(app: &App) -> TestEngine {
        TestEngine::new(app)
    }
}

impl TestEngine {
    fn new(app: &App) -> Self {
        // The name never changes: an engine that replaces another one owns all partitions at once.
        let worker: Arc<str> = "test".into();

        Self {
            consumers: Consumer::all(&app.ports.catalog, &worker),
            relay: Relay::new(worker),
            app: app.clone(),
            commits: OverlayMap::default(),
            log: DeliveryLog::default(),
            session: Session::default(),
            watched_ports: None,
            rebuild: None,
            is_subscribed: false,
        }
    }

    /// Sets how a restart rebuilds the domain, which resets the state of its handlers.
    ///
    /// By default, a restart keeps the handlers and their state.
    pub fn rebuild_with(
        mut self,
        build_domain: impl Fn() -> Result<Domain, WiringErrors> + Send + Sync + 'static,
    ) -> Self {
        self.rebuild = Some(Arc::new(build_domain));
        self
    }

    /// Returns the app that this engine runs.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Makes sure that every source knows its subscriptions.
    ///
    /// All other methods that read call this first. A new subscription with `StartFrom::Now`
    /// starts at this moment. After a rebuild has taken over a subscription, this takes it back.
    ///
    /// # Errors
    ///
    /// Returns an error if the app has no broker and needs one, or if an adapter fails.
    pub async fn subscribe(&mut self) -> Result<(), Error> {
        if !self.is_subscribed {
            for consumer in &mut self.consumers {
                consumer.take_turn(&self.app.ports).await?;
            }
            self.is_subscribed = true;
            // A subscription that starts now must be known to the next engine.
            self.save().await?;
        }

        Ok(())
    }

    /// Saves the ledgers of all subscriptions in one commit.
    ///
    /// Each public method calls this at its end. So a crash repeats only the message that was in flight,
    /// as if the ledger had been saved after each delivery.
    pub(super) async fn save(&mut self) -> Result<(), Error> {
        let mut changes = Changes::new("the engine");
        for consumer in &self.consumers {
            let unsaved = consumer.unsaved_ledgers();
            changes.ledgers.extend(unsaved);
        }
        if changes.ledgers.is_empty() {
            return Ok(());
        }

        let saved = self.app.ports.store.commit(&changes).await;
        if matches!(&saved, Err(err) if err.is_fenced()) {
            self.is_subscribed = false;
            return Ok(());
        }
        saved?;
        for consumer in &mut self.consumers {
            consumer.mark_saved();
        }
        Ok(())
    }

    /// Returns a message if it can be delivered now.
    pub(super) fn startable(&self, consumer_idx: usize, key: QueueKey) -> Option<&IncomingMessage> {
        let consumer = &self.consumers[consumer_idx];
        let message = consumer.queue.get(key)?;
        let can_start = message.state == MessageState::Ready
            && consumer.can_start(&message.incoming, self.app.now());
        can_start.then_some(&message.incoming)
    }

    /// Publishes the due messages and reads new ones; returns true if something was published.
    pub(super) async fn publish_and_read(&mut self) -> Result<bool, Error> {
        self.subscribe().await?;

        let mut has_published = false;
        loop {
            let n_rows = self.relay.publish_due(&self.app, BATCH).await?;
            has_published |= 0 < n_rows;
            if n_rows < BATCH {
                break;
            }
        }

        let replays = dead_letter::find_replayed(&self.app.ports, None).await?;
        for consumer in &mut self.consumers {
            consumer.fill(&self.app.ports, &replays).await?;
        }

        Ok(has_published)
    }

    /// Tries a ready message of a consumer, and settles the attempt.
    ///
    /// `next_action` is what the engine does then. If it is `None`, the interceptor of the app
    /// decides.
    pub(super) async fn run_attempt(
        &mut self,
        consumer_idx: usize,
        key: QueueKey,
        ports: &Arc<Ports>,
        next_action: Option<EngineAction>,
    ) -> Result<AttemptReport, Error> {
        let not_ready = || Error::setup("the message is not ready");
        let consumer = &mut self.consumers[consumer_idx];
        let message = consumer.queue.get(key).ok_or_else(not_ready)?;
        let message_id = message.incoming.envelope.metadata.id;
        let n_commits = self
            .commits
            .get(&(message_id, consumer_idx))
            .copied()
            .unwrap_or(0);
        let target = consumer.target;
        let processing = target.processing(&self.app);
        let attempt = consumer
            .start(key, ports, n_commits, processing)
            .await?
            .ok_or_else(not_ready)?;

        let mut report = attempt.run(&mut self.session).await;
        if let AttemptResult::Fenced = report.result {
            self.is_subscribed = false;
        }
        self.log_attempt(&attempt, &report, consumer_idx, n_commits);

        let app = self.app.with_ports(ports);
        self.log.plan_commands(self.session.n_due_commands());
        report.handle_events_inline(&app, target).await;
        // Events that were handled inline are no longer in the report. Their own log has them.
        if let AttemptResult::Handled(committed) = &report.result {
            let catalog = &ports.catalog;
            let n_routes = |event: &CommittedEvent| catalog.routes_of(&event.event).count();
            self.log.plan_events(committed.iter().map(n_routes).sum());
        }
        if let Some(inline) = &mut report.inline {
            self.log.append(std::mem::take(&mut inline.log));
        }

        let action = next_action.unwrap_or_else(|| interceptor_action(ports, &attempt, &report));
        match action {
            EngineAction::Continue => {
                self.consumers[consumer_idx]
                    .settle(&attempt, &report)
                    .await?;
            }
            EngineAction::Crash => {
                ports.record(Some(report.entry), || EntryKind::EngineCrashed);
                // No other engine knows which message was in flight. This one counts the attempt.
                self.consumers[consumer_idx].retry_after_crash(&attempt);
                self.save().await?;
                self.restart()?;
            }
            EngineAction::Restart => {
                self.consumers[consumer_idx]
                    .settle(&attempt, &report)
                    .await?;
                ports.record(Some(report.entry), || EntryKind::EngineRestarted);

                for consumer in &mut self.consumers {
                    consumer.leave(&self.app.ports).await?;
                }
                self.restart()?;
            }
        }

        Ok(report)
    }

    /// Logs the attempt and what it sent, to count it and to explain a stall.
    fn log_attempt(
        &mut self,
        attempt: &Attempt,
        report: &AttemptReport,
        consumer_idx: usize,
        n_commits: u32,
    ) {
        if report.is_ignored() {
            return;
        }

        let message = &attempt.incoming.envelope;
        let mut sent: &[MessageId] = &[];
        if let AttemptResult::Handled(_) = &report.result {
            self.commits
                .insert((message.metadata.id, consumer_idx), n_commits + 1);
            sent = self.session.sent();
        }

        self.log.add(message, report.handler, sent.iter().copied());
    }

    /// Counts what remains to be published, delivered and retried.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Self::subscribe).
    pub async fn remaining(&mut self) -> Result<Remaining, Error> {
        self.subscribe().await?;
        find_remaining(&self.app.ports, &self.consumers).await
    }
}

/// Returns what the interceptor of the app wants the engine to do after an attempt.
fn interceptor_action(ports: &Ports, attempt: &Attempt, report: &AttemptReport) -> EngineAction {
    let incoming = &attempt.incoming;

    // A message that the handler has no method for does not count as an attempt.
    ports
        .hooks
        .interceptor
        .as_ref()
        .filter(|_| !report.is_ignored() && !attempt.is_given_up())
        .map_or(EngineAction::Continue, |interceptor| {
            let is_committed = matches!(report.result, AttemptResult::Handled(_));
            let (message, attempt) = (&incoming.envelope, incoming.attempt);
            interceptor.after(report.handler, message, attempt, is_committed)
        })
}

impl fmt::Debug for TestEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestEngine")
            .field("app", &self.app)
            .field("consumers", &self.consumers)
            .finish_non_exhaustive()
    }
}
