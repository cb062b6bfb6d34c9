//! Flows that do not end, and messages that the domain does not know.

use std::sync::Arc;

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork,
    handler::Source,
    message::{Envelope, MessageId, MessageName, MessageType, Payload},
    port::{Changes, Outgoing},
};
use pretty_assertions::assert_eq;
use uuid::Uuid;

use crate::{
    engine::fixture::{Listener, Player, World, game_domain, ping_domain, score},
    fixture::{CallLog, Ping, Pong},
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
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker)
        .event_handler(Player)
        .event_handler(Returner)
        .event_handler(Listener(calls));
    let mut world = World::with_app(domain, |app| app.budget(20));
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    insta::assert_snapshot!(report.stall.unwrap(), @"
    the flow did not settle within 20 deliveries
    busy     Listener, called 7 times
    busy     Player, called 7 times
    busy     Returner, called 6 times
    cycle    Ping -> Player -> Pong -> Returner -> Ping, repeated 6 times
    pending  Returner on Pong
    fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
    assert_eq!(report.deliveries, 20);
    assert!(!report.remaining.is_quiet());
}

/// Commits an event that the domain does not know, as another program does.
async fn commit_unknown_event(world: &World) {
    world.publish_pings(["1"]).await;
    let mut metadata = world.events().await.remove(0).envelope.metadata.clone();
    metadata.id = MessageId::new(Uuid::from_u128(1));
    metadata.message_type = MessageType::new(&"Game".into(), MessageName::new("Smash", 1));
    let envelope = Arc::new(Envelope {
        metadata,
        message: Payload::from_json(r#"{"ball":1}"#),
    });

    let mut changes = Changes::new("another program");
    changes.events.push(Arc::clone(&envelope));
    changes.outgoing.push(Outgoing {
        envelope,
        due: None,
    });
    world.app.store().commit(&changes).await.unwrap();
}

async fn check_unknown_event(source: Source) {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(source).event_handler(Listener(calls.clone())));
    commit_unknown_event(&world).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["Listener 1"]);
    assert_eq!(
        world.dead_letter_lines().await,
        [
            "Listener: the event `Game.Smash.v1` of `table-1` is not registered: list it in \
             `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`; \
             if it has another name today, add `.was(\"Smash\", ..)` to its `Upcast`; \
             if nobody needs it any more, add `.retired(\"Smash\")`"
        ]
    );
    assert_eq!(report.failures.len(), 1);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn unknown_event_from_the_broker_is_dead_lettered() {
    check_unknown_event(Source::Broker).await;
}

#[tokio::test]
async fn unknown_event_from_the_store_is_dead_lettered() {
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

    let report = world.run().await;

    assert_eq!(
        world.dead_letter_lines().await,
        [
            "game:command: no handler for the command `Game.Score.v2` of `game-g`: add a route for \
             it to Referee, which handles other commands of the same aggregate: `on.command(..)`"
        ]
    );
    let failure = &report.failures[0];
    assert_eq!(failure.handler, None);
    assert!(
        failure
            .to_string()
            .starts_with("no handler for the command `Game.Score.v2` of `game-g`: ")
    );
    assert_eq!(world.stored_event_names().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn unreadable_event_is_not_retried() {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Listener(calls.clone())));
    world.publish_pings(["1"]).await;
    let mut sent = world
        .next_pending("Listener")
        .await
        .message
        .as_ref()
        .clone();
    sent.message = Payload::from_json("{ no json");
    world.engine.republish(&Arc::new(sent)).await.unwrap();

    let report = world.run().await;

    assert_eq!(report.deliveries, 2);
    assert!(report.failures[0].error.is_codec());
    let letter = world.app.dead_letters().all().await.unwrap().remove(0);
    assert_eq!(letter.envelope.message.as_json(), "{ no json");
    assert_eq!((letter.attempts, letter.is_replayed), (1, false));
}
