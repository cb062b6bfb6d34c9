//! A game whose events are handled by an engine, with virtual time, and what can be asked afterwards.

use std::{
    io,
    sync::{Arc, Mutex},
};

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Rejection, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    engine::{PendingDelivery, TestEngine},
    handler::{Interceptor, Source},
    message::{Envelope, Position, Processing, Recorded},
    port::Store,
    record::{EntryKind, Record, Recorder},
    runtime::AppBuilder,
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

/// An event of the world outside, which handlers raise as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "table", id = id)]
pub(crate) struct Ping {
    pub(crate) id: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "table", id = id)]
pub(crate) struct Pong {
    pub(crate) id: String,
}

/// A game that can be scored.
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

/// What a game that is over answers.
#[derive(Debug, thiserror::Error)]
#[error("the game is over")]
pub(crate) struct GameOver;

impl Rejection for GameOver {}

/// Counts points, up to three.
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

/// Notes every ping.
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

pub(crate) fn ping(id: &str) -> Ping {
    Ping { id: id.into() }
}

pub(crate) fn pong(id: &str) -> Pong {
    Pong { id: id.into() }
}

pub(crate) fn score(id: &str) -> Score {
    Score { id: id.into() }
}

/// A failure of the outside, with its cause.
pub(crate) fn card_timed_out() -> Error {
    Error::failed("charging the card", io::Error::other("timed out"))
}

/// A domain of events from outside, read from `source`.
pub(crate) fn table_domain(source: Source) -> DomainBuilder {
    Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .subscriptions(|all| {
            all.source(source);
        })
}

/// A domain that scores.
pub(crate) fn game_domain() -> DomainBuilder {
    Domain::builder("game")
        .aggregate::<Game>()
        .command_handler(Referee)
}

/// What handlers wrote down while they were called.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLog(Arc<Mutex<Vec<String>>>);

impl CallLog {
    pub(crate) fn note(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().expect("nobody panics under this lock");
        lines.push(line.into());
    }

    /// Takes out what was noted since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics under this lock"))
    }
}

/// Lets a handler fail with the messages of one stream, up to an attempt.
#[derive(Clone, Debug)]
pub(crate) struct FailUntil {
    pub(crate) handler: &'static str,
    pub(crate) stream: &'static str,
    pub(crate) last_attempt: u32,
    pub(crate) error: fn() -> Error,
}

impl Interceptor for FailUntil {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        let stream = message.metadata.stream.to_string();
        if handler == self.handler && stream == self.stream && attempt <= self.last_attempt {
            return Err((self.error)());
        }
        Ok(())
    }
}

/// Lets `handler` time out with the messages of `stream`, up to an attempt.
pub(crate) fn fail_until(
    handler: &'static str,
    stream: &'static str,
    up_to: u32,
) -> Arc<FailUntil> {
    Arc::new(FailUntil {
        handler,
        stream,
        last_attempt: up_to,
        error: card_timed_out,
    })
}

/// An app whose events are handled by an engine, with its clock and recorder in reach.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) engine: TestEngine,
    pub(crate) clock: Arc<VirtualClock>,
    recorder: Arc<Recorder>,
    record: Record,
}

impl World {
    #[track_caller]
    pub(crate) fn of(domain: DomainBuilder) -> Self {
        Self::with_app(domain, |app| app)
    }

    #[track_caller]
    pub(crate) fn with_app(
        domain: DomainBuilder,
        say: impl FnOnce(AppBuilder<Arc<dyn Store>>) -> AppBuilder<Arc<dyn Store>>,
    ) -> Self {
        Self::with_store(Arc::new(MemoryStore::default()), domain, say)
    }

    #[track_caller]
    pub(crate) fn with_store(
        store: Arc<dyn Store>,
        domain: DomainBuilder,
        say: impl FnOnce(AppBuilder<Arc<dyn Store>>) -> AppBuilder<Arc<dyn Store>>,
    ) -> Self {
        let domain = match domain.build() {
            Ok(domain) => domain,
            Err(err) => panic!("{err}"),
        };
        let clock = Arc::new(VirtualClock::default());
        let recorder = Arc::new(Recorder::default());
        let app = App::builder(domain)
            .shared_store(store)
            .broker(MemoryBroker::default())
            .clock(Arc::clone(&clock) as _)
            .ids(Arc::new(VirtualIds::default()))
            .recorder(Arc::clone(&recorder))
            .event_processing(Processing::Async);
        let app = say(app).start();
        Self {
            engine: Engine::test_mode(&app),
            app,
            clock,
            recorder,
            record: Record::default(),
        }
    }

    /// Tells the domain of pings.
    pub(crate) async fn publish_pings<const N: usize>(&self, ids: [&str; N]) {
        for id in ids {
            let told = self.app.publish(ping(id)).await;
            told.expect("it is only written down");
        }
    }

    /// Runs the engine until nothing is left.
    pub(crate) async fn run(&mut self) -> flow_domain::engine::SettleReport {
        self.engine.run().await.expect("memory does not fail")
    }

    /// Takes another engine, as a process that starts again does.
    pub(crate) fn replace_engine(&mut self) {
        self.engine = Engine::test_mode(&self.app);
    }

    /// What can be delivered now, as `Listener Ping 1 #1` with the number of the attempt.
    pub(crate) async fn pending(&mut self) -> Vec<String> {
        let pending = self.engine.pending().await.expect("memory does not fail");
        pending.iter().map(pending_line).collect()
    }

    /// The first that can be delivered now to this subscription.
    pub(crate) async fn next_pending(&mut self, subscription: &str) -> PendingDelivery {
        let pending = self.engine.pending().await.expect("memory does not fail");
        pending
            .into_iter()
            .find(|one| *one.subscription == *subscription)
            .expect("something is pending")
    }

    /// All stored events, oldest first.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        events_of(&self.app).await
    }

    /// All stored events as `Ping in table-1`, oldest first.
    pub(crate) async fn stored_lines(&self) -> Vec<String> {
        stored_lines_of(&self.app).await
    }

    /// The reasons of all dead letters, each after its subscription.
    pub(crate) async fn dead_letter_lines(&self) -> Vec<String> {
        let letters = self.app.dead_letters().all().await;
        let letters = letters.expect("memory does not fail").into_iter();
        letters
            .map(|letter| format!("{}: {}", letter.subscription, letter.reason))
            .collect()
    }

    /// Everything that happened so far.
    pub(crate) fn record(&mut self) -> &Record {
        self.recorder.drain_into(&mut self.record);
        &self.record
    }

    /// How each handling ended, in order.
    pub(crate) fn handler_outcomes(&mut self) -> Vec<String> {
        self.recorded(|what| matches!(what, EntryKind::HandlerEnded(_)))
    }

    /// What happened of a kind, in order.
    pub(crate) fn recorded(&mut self, is_wanted: impl Fn(&EntryKind) -> bool) -> Vec<String> {
        self.record()
            .entries()
            .iter()
            .filter(|entry| is_wanted(&entry.kind))
            .map(|entry| entry.kind.to_string())
            .collect()
    }

    /// When handlers were called, as `Listener #1 at 0ns`, in order.
    pub(crate) fn attempts(&mut self) -> Vec<String> {
        let started = self.record().entries().iter().filter_map(|entry| {
            let EntryKind::HandlerStarted {
                handler, attempt, ..
            } = entry.kind
            else {
                return None;
            };
            let time = entry.time.since(VirtualClock::START);
            Some(format!("{handler} #{attempt} at {time:?}"))
        });
        started.collect()
    }
}

pub(crate) fn pending_line(pending: &PendingDelivery) -> String {
    let metadata = &pending.message.metadata;
    let (name, id) = (metadata.message_type.name(), metadata.stream.id());
    format!("{} {name} {id} #{}", pending.subscription, pending.attempt)
}

pub(crate) async fn events_of(app: &App) -> Vec<Recorded> {
    let events = app.store().read_category(None, Position::START, 10_000);
    events.await.expect("memory can be read")
}

pub(crate) async fn stored_lines_of(app: &App) -> Vec<String> {
    let events = events_of(app).await;
    let told = events.iter().map(|event| {
        let name = event.metadata().message_type.name();
        format!("{name} in {}", event.stream())
    });
    told.collect()
}
