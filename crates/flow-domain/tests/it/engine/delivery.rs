//! Events and commands reach their handlers, each message once.

use flow_domain::{
    Error, Event, EventHandler, EventRoutes, UnitOfWork, handler::Source, message::Envelope,
    testing::SettleReport,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{Game, Listener, Player, Scored, World, game_domain, ping_domain, score},
    fixture::{CallLog, Ping, ping, pong},
};

async fn check_event_before_engine(source: Source) {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(source).event_handler(Listener(calls.clone())));
    world.publish_pings(["1"]).await;
    world.replace_engine();

    let report = world.run().await;

    assert_eq!(calls.take(), ["Listener 1"]);
    assert_eq!(report.deliveries, 1);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn event_published_before_the_engine_is_handled() {
    check_event_before_engine(Source::Broker).await;
}

#[tokio::test]
async fn event_stored_before_the_engine_is_handled() {
    check_event_before_engine(Source::EventStore).await;
}

async fn run_twice(source: Source) -> (Vec<String>, SettleReport) {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(source).event_handler(Listener(calls.clone())));
    world.publish_pings(["1"]).await;
    assert_eq!(world.run().await.deliveries, 1);
    calls.take();

    let report = world.run().await;
    (calls.take(), report)
}

#[tokio::test]
async fn second_run_handles_no_broker_message_again() {
    let (calls, report) = run_twice(Source::Broker).await;

    assert!(calls.is_empty());
    assert_eq!((report.deliveries, report.cycles), (0, 0));
}

#[tokio::test]
async fn second_run_handles_no_store_event_again() {
    let (calls, report) = run_twice(Source::EventStore).await;

    assert!(calls.is_empty());
    assert_eq!((report.deliveries, report.cycles), (0, 0));
}

#[tokio::test]
async fn second_engine_handles_nothing_again() {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Listener(calls.clone())));
    world.publish_pings(["1"]).await;
    world.run().await.remaining.is_quiet();
    world.replace_engine();

    world.run().await.remaining.is_quiet();

    assert_eq!(calls.take(), ["Listener 1"]);
}

#[tokio::test]
async fn event_waits_until_the_engine_runs() {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Listener(calls.clone())));

    world.publish_pings(["1"]).await;

    assert!(calls.take().is_empty());
    assert_eq!(world.engine.remaining().await.unwrap().outbox, 1);
}

#[tokio::test]
async fn event_reaches_every_handler_with_a_method_for_it() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker)
        .event_handler(Listener(calls.clone()))
        .event_handler(Player);
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    assert_eq!(world.run().await.deliveries, 2);

    assert_eq!(calls.take(), ["Listener 1"]);
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

/// Handles pings by their type, and all other events as envelopes.
struct Archive(CallLog);

impl EventHandler for Archive {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(Self::on_any);
        on.event(Self::on_ping);
    }
}

impl Archive {
    async fn on_any(&self, event: Envelope, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("any {}", event.metadata.message_type));
        Ok(())
    }

    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("ping {}", event.id));
        Ok(())
    }
}

async fn check_catch_all(source: Source) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .aggregate::<Game>()
        .command_handler(crate::engine::fixture::Referee)
        .event_handler(Archive(calls.clone()));
    let mut world = World::of(domain);
    world.app.publish((ping("1"), pong("1"))).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        calls.take(),
        ["ping 1", "any Game.Pong.v1", "any Game.Scored.v1"]
    );
}

#[tokio::test]
async fn catch_all_handler_prefers_a_specific_method() {
    check_catch_all(Source::Broker).await;
}

#[tokio::test]
async fn catch_all_handler_reads_every_stream_of_the_store() {
    check_catch_all(Source::EventStore).await;
}

struct Echo(CallLog);

impl EventHandler for Echo {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
    }
}

impl Echo {
    async fn on_scored(&self, event: Scored, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("scored {}", event.id));
        Ok(())
    }
}

#[tokio::test]
async fn submitted_command_and_its_events_are_handled() {
    let calls = CallLog::default();
    let mut world = World::of(game_domain().event_handler(Echo(calls.clone())));
    world.app.submit(score("g")).await.unwrap();

    let report = world.run().await;

    assert_eq!(report.deliveries, 2);
    assert_eq!(calls.take(), ["scored g"]);
    assert_eq!(world.stored_event_names().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn commands_of_one_category_share_a_subscription() {
    let mut world = World::of(game_domain());
    world.app.submit(score("g")).await.unwrap();
    world.app.submit(score("h")).await.unwrap();

    let pending = world.pending().await;

    assert_eq!(
        pending,
        ["game:command Score g #1", "game:command Score h #1"]
    );
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "countdown", id = id)]
struct Counted {
    id: String,
    left: u32,
}

struct Countdown;

impl EventHandler for Countdown {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
    }
}

impl Countdown {
    async fn on_counted(&self, event: Counted, work: &mut UnitOfWork) -> Result<(), Error> {
        let Counted { id, left } = event;
        match left.checked_sub(1) {
            Some(left) => work.raise(Counted { id, left }),
            None => Ok(()),
        }
    }
}

async fn countdown_world(source: Source) -> World {
    let domain = ping_domain(source)
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::of(domain);
    let (id, left) = ("c".into(), 1_000);
    world.app.publish(Counted { id, left }).await.unwrap();
    world
}

#[tokio::test]
async fn chain_of_a_thousand_events_ends() {
    let report = countdown_world(Source::Broker).await.run().await;

    assert_eq!(report.deliveries, 1_001);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn chain_of_a_thousand_events_from_the_store_ends() {
    let report = countdown_world(Source::EventStore).await.run().await;

    assert_eq!(report.deliveries, 1_001);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn run_cycles_reports_what_remains() {
    let mut world = countdown_world(Source::Broker).await;

    let report = world.engine.run_cycles(3).await.unwrap();

    assert_eq!((report.deliveries, report.cycles), (3, 3));
    assert!(!report.remaining.is_quiet());
    insta::assert_snapshot!(report.remaining, @"the outbox has 1 message to publish");
}

#[tokio::test]
async fn record_is_byte_identical_for_two_runs() {
    let mut one = countdown_world(Source::Broker).await;
    let mut two = countdown_world(Source::Broker).await;

    assert!(one.run().await.remaining.is_quiet());
    assert!(two.run().await.remaining.is_quiet());

    assert_eq!(one.record().to_string(), two.record().to_string());
}
