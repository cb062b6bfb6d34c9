//! Flows that do not end, and messages that nobody knows.

use std::sync::Arc;

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork,
    handler::Source,
    message::{Envelope, MessageName, MessageType, Payload},
    port::{Changes, Outgoing},
};
use pretty_assertions::assert_eq;

use crate::fixture::{
    CallLog, Listener, Ping, Player, Pong, World, game_domain, score, table_domain,
};

struct Returner;

impl EventHandler for Returner {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_pong);
    }
}

impl Returner {
    async fn on_pong(&self, event: Pong, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Ping { id: event.id })
    }
}

#[tokio::test]
async fn stall_names_the_cycle_that_hits_the_budget() {
    let heard = CallLog::default();
    let domain = table_domain(Source::Broker)
        .event_handler(Player)
        .event_handler(Returner)
        .event_handler(Listener(heard));
    let mut world = World::with_app(domain, |app| app.budget(20));
    world.publish_pings(["1"]).await;

    let settled = world.run().await;

    insta::assert_snapshot!(settled.stall.unwrap(), @r"
    the flow did not settle within 20 deliveries
    busy     Listener, called 7 times
    busy     Player, called 7 times
    busy     Returner, called 6 times
    cycle    Ping -> Player -> Pong -> Returner -> Ping, repeated 6 times
    waiting  Returner on Pong
    to do    break the cycle, or raise the budget if the flow really is this long
    ");
    assert_eq!(settled.deliveries, 20);
    assert!(!settled.remaining.is_quiet());
}

/// Writes an event into the store as a program that is newer does.
async fn commit_event_of_newer_version(world: &World) {
    world.publish_pings(["1"]).await;
    let mut metadata = world.events().await.remove(0).envelope.metadata.clone();
    metadata.message_type = MessageType::new(&"Game".into(), MessageName::new("Ping", 2));
    let envelope = Arc::new(Envelope {
        metadata,
        message: Payload::from_json(r#"{"ball":1}"#),
    });
    let mut changes = Changes::new("a newer program");
    changes.events.push(Arc::clone(&envelope));
    let due = world.app.now();
    changes.outgoing.push(Outgoing { envelope, due });
    world.app.store().commit(&changes).await.unwrap();
}

async fn check_unknown_event(source: Source) {
    let heard = CallLog::default();
    let mut world = World::of(table_domain(source).event_handler(Listener(heard.clone())));
    commit_event_of_newer_version(&world).await;

    let settled = world.run().await;

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(
        world.dead_letter_lines().await,
        [
            "Listener: the domain does not know the event `Game.Ping.v2` of `table-1`: list it in \
             `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`"
        ]
    );
    assert_eq!(settled.failures.len(), 1);
    assert!(settled.remaining.is_quiet());
}

#[tokio::test]
async fn newer_event_from_the_broker_is_dead_lettered() {
    check_unknown_event(Source::Broker).await;
}

#[tokio::test]
async fn newer_event_from_the_store_is_dead_lettered() {
    check_unknown_event(Source::EventStore).await;
}

#[tokio::test]
async fn newer_command_is_dead_lettered() {
    let mut world = World::of(game_domain());
    world.app.submit(score("g")).await.unwrap();
    let mut sent = world
        .next_pending("game:command")
        .await
        .message
        .as_ref()
        .clone();
    sent.metadata.message_type = MessageType::new(&"Game".into(), MessageName::new("Score", 2));
    world.engine.republish(&Arc::new(sent)).await.unwrap();

    let settled = world.run().await;

    assert_eq!(
        world.dead_letter_lines().await,
        [
            "game:command: nobody handles the command `Game.Score.v2` of `game-g`: name it in the \
             routes of Referee, which handles others of the same aggregate, with `on.command(..)`"
        ]
    );
    assert_eq!(settled.failures[0].handler, "nobody");
    assert_eq!(world.stored_lines().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn unreadable_event_is_not_retried() {
    let heard = CallLog::default();
    let mut world = World::of(table_domain(Source::Broker).event_handler(Listener(heard.clone())));
    world.publish_pings(["1"]).await;
    let mut sent = world
        .next_pending("Listener")
        .await
        .message
        .as_ref()
        .clone();
    sent.message = Payload::from_json("{ no json");
    world.engine.republish(&Arc::new(sent)).await.unwrap();

    let settled = world.run().await;

    assert_eq!(settled.deliveries, 2);
    assert!(settled.failures[0].error.is_codec());
    let letter = world.app.dead_letters().all().await.unwrap().remove(0);
    assert_eq!(letter.envelope.message.as_json(), "{ no json");
    assert_eq!((letter.attempts, letter.is_replayed), (1, false));
}
