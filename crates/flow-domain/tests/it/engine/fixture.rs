//! Sample messages and handlers, and a [`World`] that runs them with a test engine and a virtual clock.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Rejection, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    handler::Source,
    message::{Envelope, Processing, Recorded},
    port::Store,
    record::{EntryKind, Record, Recorder},
    runtime::AppBuilder,
    testing::{Interceptor, PendingDelivery, TestEngine},
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{
    CallLog, Ping, Pong, build, events_of, ping, stored_event_names_of, timeout_error,
};

/// A game with points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Score), events(Scored))]
pub(crate) struct Game {
    pub(crate) id: String,
    pub(crate) points: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Game, id = id)]
pub(crate) struct Score {
    pub(crate) id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Game, id = id)]
pub(crate) struct Scored {
    pub(crate) id: String,
}

/// The rejection of a score after the third one.
#[derive(Debug, thiserror::Error)]
#[error("the game is over")]
pub(crate) struct GameOver;

impl Rejection for GameOver {}

/// Counts points, up to three for each game.
pub(crate) struct Referee;

impl CommandHandler for Referee {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::score);
    }
}

impl Referee {
    async fn score(&self, command: Score, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut game = work.find::<Game>(&command.id).await?.unwrap_or_default();
        if game.points == 3 {
            return Err(Error::rejected(GameOver));
        }

        game.id.clone_from(&command.id);
        game.points += 1;
        game.raise(Scored { id: command.id });
        work.add(game)
    }
}

/// Writes a line to the call log for every ping.
pub(crate) struct Listener(pub(crate) CallLog);

impl EventHandler for Listener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Listener {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Listener {}", event.id));
        Ok(())
    }
}

/// Answers every ping with a pong.
pub(crate) struct Player;

impl EventHandler for Player {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Player {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Pong { id: event.id })
    }
}

pub(crate) fn score(id: &str) -> Score {
    Score { id: id.into() }
}

/// Returns a domain with pings and pongs from outside, in the category `table`.
///
/// Its subscriptions read from `source`.
pub(crate) fn ping_domain(source: Source) -> DomainBuilder {
    Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .subscriptions(|all| {
            all.source(source);
        })
}

/// Returns a domain with games, and the handler of [`Score`].
pub(crate) fn game_domain() -> DomainBuilder {
    Domain::builder("game")
        .aggregate::<Game>()
        .command_handler(Referee)
}

/// Makes the first attempts of one handler fail, for the messages of one stream.
#[derive(Clone, Debug)]
pub(crate) struct FailFirstAttempts {
    pub(crate) handler: &'static str,
    pub(crate) stream: &'static str,
    /// How many attempts fail.
    pub(crate) n_attempts: u32,
    pub(crate) error: fn() -> Error,
}

impl Interceptor for FailFirstAttempts {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        let stream = message.metadata.stream.to_string();
        if handler == self.handler && stream == self.stream && attempt <= self.n_attempts {
            return Err((self.error)());
        }
        Ok(())
    }
}

/// Makes the first `n_attempts` of `handler` fail with a [`timeout_error`], for the messages of `stream`.
pub(crate) fn fail_first_attempts(
    handler: &'static str,
    stream: &'static str,
    n_attempts: u32,
) -> Arc<FailFirstAttempts> {
    Arc::new(FailFirstAttempts {
        handler,
        stream,
        n_attempts,
        error: timeout_error,
    })
}

/// An app with a test engine, its clock and its record.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) engine: TestEngine,
    pub(crate) clock: Arc<VirtualClock>,
    recorder: Arc<Recorder>,
    record: Record,
}

impl World {
    /// Starts an app with this domain and a store in memory.
    #[track_caller]
    pub(crate) fn of(domain: DomainBuilder) -> Self {
        Self::with_app(domain, |app| app)
    }

    /// Starts an app as `configure` changes it.
    #[track_caller]
    pub(crate) fn with_app(
        domain: DomainBuilder,
        configure: impl FnOnce(AppBuilder<Arc<dyn Store>>) -> AppBuilder<Arc<dyn Store>>,
    ) -> Self {
        Self::with_store(Arc::new(MemoryStore::default()), domain, configure)
    }

    /// Starts an app with this store, as `configure` changes it.
    #[track_caller]
    pub(crate) fn with_store(
        store: Arc<dyn Store>,
        domain: DomainBuilder,
        configure: impl FnOnce(AppBuilder<Arc<dyn Store>>) -> AppBuilder<Arc<dyn Store>>,
    ) -> Self {
        let clock = Arc::new(VirtualClock::default());
        let recorder = Arc::new(Recorder::default());
        let app = App::builder(build(domain))
            .shared_store(store)
            .broker(MemoryBroker::default())
            .clock(Arc::clone(&clock) as _)
            .ids(Arc::new(VirtualIds::default()))
            .recorder(Arc::clone(&recorder))
            .event_processing(Processing::Async);
        let app = configure(app).start();

        Self {
            engine: Engine::test_mode(&app),
            app,
            clock,
            recorder,
            record: Record::default(),
        }
    }

    /// Publishes a ping for each id.
    pub(crate) async fn publish_pings<const N: usize>(&self, ids: [&str; N]) {
        for id in ids {
            let result = self.app.publish(ping(id)).await;
            result.expect("publishing only stores the event");
        }
    }

    /// Runs the engine until nothing is left to deliver.
    pub(crate) async fn run(&mut self) -> flow_domain::testing::SettleReport {
        self.engine.run().await.expect("memory does not fail")
    }

    /// Replaces the engine by a new one, as if its process had been restarted.
    pub(crate) fn replace_engine(&mut self) {
        self.engine = Engine::test_mode(&self.app);
    }

    /// Returns a line for each pending delivery, such as `Listener Ping 1 #1`. The last number is the
    /// attempt.
    pub(crate) async fn pending(&mut self) -> Vec<String> {
        let pending = self.engine.pending().await.expect("memory does not fail");
        pending.iter().map(pending_line).collect()
    }

    /// Returns the first pending delivery of a subscription.
    pub(crate) async fn next_pending(&mut self, subscription: &str) -> PendingDelivery {
        let pending = self.engine.pending().await.expect("memory does not fail");
        pending
            .into_iter()
            .find(|delivery| *delivery.subscription == *subscription)
            .expect("something is pending")
    }

    /// Returns all stored events, oldest first.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        events_of(&self.app).await
    }

    /// Returns a line for each stored event, such as `Ping in table-1`, oldest first.
    pub(crate) async fn stored_event_names(&self) -> Vec<String> {
        stored_event_names_of(&self.app).await
    }

    /// Returns a line for each dead letter, such as `Player: reason`.
    pub(crate) async fn dead_letter_lines(&self) -> Vec<String> {
        let letters = self.app.dead_letters().all().await;

        letters
            .expect("memory does not fail")
            .iter()
            .map(|letter| format!("{}: {}", letter.subscription, letter.reason))
            .collect()
    }

    /// Returns the record so far.
    pub(crate) fn record(&mut self) -> &Record {
        self.recorder.drain_into(&mut self.record);
        &self.record
    }

    /// Returns the outcome of each handling, in order.
    pub(crate) fn handler_outcomes(&mut self) -> Vec<String> {
        self.entry_lines(|kind| matches!(kind, EntryKind::HandlerEnded(_)))
    }

    /// Returns a line for each entry of the record that has a wanted kind, in order.
    pub(crate) fn entry_lines(&mut self, is_wanted: impl Fn(&EntryKind) -> bool) -> Vec<String> {
        self.record()
            .entries()
            .iter()
            .filter(|entry| is_wanted(&entry.kind))
            .map(|entry| entry.kind.to_string())
            .collect()
    }

    /// Returns a line for each call of a handler, such as `Listener #1 at 0ns`, in order.
    pub(crate) fn attempts(&mut self) -> Vec<String> {
        self.record()
            .entries()
            .iter()
            .filter_map(|entry| {
                let EntryKind::HandlerStarted {
                    handler, attempt, ..
                } = entry.kind
                else {
                    return None;
                };
                let time = entry.time.since(VirtualClock::START);
                Some(format!("{handler} #{attempt} at {time:?}"))
            })
            .collect()
    }
}

pub(crate) fn pending_line(pending: &PendingDelivery) -> String {
    let metadata = &pending.message.metadata;
    let (name, id) = (metadata.message_type.name(), metadata.stream.id());
    format!("{} {name} {id} #{}", pending.subscription, pending.attempt)
}
