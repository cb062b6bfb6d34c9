//! What is left for later is handled, and each message once.

use flow_domain::{
    Error, Event, EventHandler, EventRoutes, UnitOfWork, engine::Settled, handler::Source,
    message::Envelope,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{
    Game, Heard, Listener, Ping, Player, Scored, World, ping, pong, score, scored, table,
};

async fn an_event_stored_before(source: Source) {
    let heard = Heard::default();
    let mut world = World::of(table(source).event_handler(Listener(heard.clone())));
    world.pings(["1"]).await;
    world.start_again();

    let settled = world.run().await;

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(settled.deliveries, 1);
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn an_event_that_was_published_before_the_engine_was_made_is_handled() {
    an_event_stored_before(Source::Broker).await;
}

#[tokio::test]
async fn an_event_that_was_stored_before_the_engine_was_made_is_handled() {
    an_event_stored_before(Source::EventStore).await;
}

async fn a_second_run(source: Source) -> (Vec<String>, Settled) {
    let heard = Heard::default();
    let mut world = World::of(table(source).event_handler(Listener(heard.clone())));
    world.pings(["1"]).await;
    assert_eq!(world.run().await.deliveries, 1);
    heard.take();

    let settled = world.run().await;
    (heard.take(), settled)
}

#[tokio::test]
async fn a_second_run_handles_nothing_again_from_the_broker() {
    let (heard, settled) = a_second_run(Source::Broker).await;

    assert!(heard.is_empty());
    assert_eq!((settled.deliveries, settled.cycles), (0, 0));
}

#[tokio::test]
async fn a_second_run_handles_nothing_again_from_the_store() {
    let (heard, settled) = a_second_run(Source::EventStore).await;

    assert!(heard.is_empty());
    assert_eq!((settled.deliveries, settled.cycles), (0, 0));
}

#[tokio::test]
async fn another_engine_handles_nothing_again() {
    let heard = Heard::default();
    let mut world = World::of(table(Source::Broker).event_handler(Listener(heard.clone())));
    world.pings(["1"]).await;
    world.run().await.left.is_quiet();
    world.start_again();

    world.run().await.left.is_quiet();

    assert_eq!(heard.take(), ["Listener 1"]);
}

#[tokio::test]
async fn nothing_is_handled_until_the_engine_runs() {
    let heard = Heard::default();
    let mut world = World::of(table(Source::Broker).event_handler(Listener(heard.clone())));

    world.pings(["1"]).await;

    assert!(heard.take().is_empty());
    assert_eq!(world.engine.left().await.unwrap().outbox, 1);
}

#[tokio::test]
async fn an_event_is_handed_to_every_handler_that_names_it() {
    let heard = Heard::default();
    let domain = table(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .event_handler(Player);
    let mut world = World::of(domain);
    world.pings(["1"]).await;

    assert_eq!(world.run().await.deliveries, 2);

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(world.stored().await, ["Ping in table-1", "Pong in table-1"]);
}

/// Takes pings as they are, and everything else as it comes.
struct Archive(Heard);

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

async fn everything(source: Source) {
    let heard = Heard::default();
    let domain = table(source)
        .aggregate::<Game>()
        .command_handler(crate::fixture::Referee)
        .event_handler(Archive(heard.clone()));
    let mut world = World::of(domain);
    world.app.publish((ping("1"), pong("1"))).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(
        heard.take(),
        ["ping 1", "any Game.Pong.v1", "any Game.Scored.v1"]
    );
}

#[tokio::test]
async fn a_handler_of_all_events_gets_every_one_and_a_method_of_its_own_wins() {
    everything(Source::Broker).await;
}

#[tokio::test]
async fn a_handler_of_all_events_reads_every_stream_of_the_store() {
    everything(Source::EventStore).await;
}

struct Echo(Heard);

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
async fn a_command_that_was_submitted_is_handled_and_what_it_causes_too() {
    let heard = Heard::default();
    let mut world = World::of(scored().event_handler(Echo(heard.clone())));
    world.app.submit(score("g")).await.unwrap();

    let settled = world.run().await;

    assert_eq!(settled.deliveries, 2);
    assert_eq!(heard.take(), ["scored g"]);
    assert_eq!(world.stored().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn commands_of_one_category_have_one_subscription() {
    let mut world = World::of(scored());
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

async fn counted_down(source: Source) -> World {
    let domain = table(source)
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::of(domain);
    let (id, left) = ("c".into(), 1_000);
    world.app.publish(Counted { id, left }).await.unwrap();
    world
}

#[tokio::test]
async fn a_chain_of_a_thousand_hops_comes_to_its_end() {
    let settled = counted_down(Source::Broker).await.run().await;

    assert_eq!(settled.deliveries, 1_001);
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn a_chain_of_a_thousand_hops_comes_to_its_end_through_the_store() {
    let settled = counted_down(Source::EventStore).await.run().await;

    assert_eq!(settled.deliveries, 1_001);
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn so_many_cycles_leave_what_they_do_not_reach_and_say_so() {
    let mut world = counted_down(Source::Broker).await;

    let settled = world.engine.cycles(3).await.unwrap();

    assert_eq!((settled.deliveries, settled.cycles), (3, 3));
    assert!(!settled.left.is_quiet());
    insta::assert_snapshot!(settled.left, @"the outbox has 1 to publish");
}

#[tokio::test]
async fn two_runs_give_the_same_record_byte_for_byte() {
    let mut one = counted_down(Source::Broker).await;
    let mut two = counted_down(Source::Broker).await;

    assert!(one.run().await.left.is_quiet());
    assert!(two.run().await.left.is_quiet());

    assert_eq!(one.record().to_string(), two.record().to_string());
}
