//! What is left for later is handled, and each message once.

use flow_domain::{
    Error, Event, EventHandler, EventRoutes, UnitOfWork, engine::SettleReport, handler::Source,
    message::Envelope,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{
    CallLog, Game, Listener, Ping, Player, Scored, World, game_domain, ping, pong, score,
    table_domain,
};

async fn check_event_before_engine(source: Source) {
    let heard = CallLog::default();
    let mut world = World::of(table_domain(source).event_handler(Listener(heard.clone())));
    world.publish_pings(["1"]).await;
    world.replace_engine();

    let settled = world.run().await;

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(settled.deliveries, 1);
    assert!(settled.remaining.is_quiet());
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
    let heard = CallLog::default();
    let mut world = World::of(table_domain(source).event_handler(Listener(heard.clone())));
    world.publish_pings(["1"]).await;
    assert_eq!(world.run().await.deliveries, 1);
    heard.take();

    let settled = world.run().await;
    (heard.take(), settled)
}

#[tokio::test]
async fn second_run_handles_no_broker_message_again() {
    let (heard, settled) = run_twice(Source::Broker).await;

    assert!(heard.is_empty());
    assert_eq!((settled.deliveries, settled.cycles), (0, 0));
}

#[tokio::test]
async fn second_run_handles_no_store_event_again() {
    let (heard, settled) = run_twice(Source::EventStore).await;

    assert!(heard.is_empty());
    assert_eq!((settled.deliveries, settled.cycles), (0, 0));
}

#[tokio::test]
async fn second_engine_handles_nothing_again() {
    let heard = CallLog::default();
    let mut world = World::of(table_domain(Source::Broker).event_handler(Listener(heard.clone())));
    world.publish_pings(["1"]).await;
    world.run().await.remaining.is_quiet();
    world.replace_engine();

    world.run().await.remaining.is_quiet();

    assert_eq!(heard.take(), ["Listener 1"]);
}

#[tokio::test]
async fn event_waits_until_the_engine_runs() {
    let heard = CallLog::default();
    let mut world = World::of(table_domain(Source::Broker).event_handler(Listener(heard.clone())));

    world.publish_pings(["1"]).await;

    assert!(heard.take().is_empty());
    assert_eq!(world.engine.remaining().await.unwrap().outbox, 1);
}

#[tokio::test]
async fn event_reaches_every_handler_with_a_method_for_it() {
    let heard = CallLog::default();
    let domain = table_domain(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .event_handler(Player);
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    assert_eq!(world.run().await.deliveries, 2);

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(
        world.stored_lines().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

/// Takes pings as they are, and everything else as it comes.
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
    let heard = CallLog::default();
    let domain = table_domain(source)
        .aggregate::<Game>()
        .command_handler(crate::fixture::Referee)
        .event_handler(Archive(heard.clone()));
    let mut world = World::of(domain);
    world.app.publish((ping("1"), pong("1"))).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        heard.take(),
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
    let heard = CallLog::default();
    let mut world = World::of(game_domain().event_handler(Echo(heard.clone())));
    world.app.submit(score("g")).await.unwrap();

    let settled = world.run().await;

    assert_eq!(settled.deliveries, 2);
    assert_eq!(heard.take(), ["scored g"]);
    assert_eq!(world.stored_lines().await, ["Scored in game-g"]);
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
    let domain = table_domain(source)
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::of(domain);
    let (id, left) = ("c".into(), 1_000);
    world.app.publish(Counted { id, left }).await.unwrap();
    world
}

#[tokio::test]
async fn chain_of_a_thousand_events_ends() {
    let settled = countdown_world(Source::Broker).await.run().await;

    assert_eq!(settled.deliveries, 1_001);
    assert!(settled.remaining.is_quiet());
}

#[tokio::test]
async fn chain_of_a_thousand_events_from_the_store_ends() {
    let settled = countdown_world(Source::EventStore).await.run().await;

    assert_eq!(settled.deliveries, 1_001);
    assert!(settled.remaining.is_quiet());
}

#[tokio::test]
async fn run_cycles_reports_what_remains() {
    let mut world = countdown_world(Source::Broker).await;

    let settled = world.engine.run_cycles(3).await.unwrap();

    assert_eq!((settled.deliveries, settled.cycles), (3, 3));
    assert!(!settled.remaining.is_quiet());
    insta::assert_snapshot!(settled.remaining, @"the outbox has 1 to publish");
}

#[tokio::test]
async fn record_is_byte_identical_for_two_runs() {
    let mut one = countdown_world(Source::Broker).await;
    let mut two = countdown_world(Source::Broker).await;

    assert!(one.run().await.remaining.is_quiet());
    assert!(two.run().await.remaining.is_quiet());

    assert_eq!(one.record().to_string(), two.record().to_string());
}
