//! Redelivered messages, and handlers that handle each message once.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork,
    handler::{Profile, Source},
    message::Processing,
    testing::StepOutcome,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Game, Player, Referee, World, ping_domain, score},
    fixture::{Ping, Pong, ping},
};

/// Answers every ping once, even if it is redelivered.
struct Careful;

impl EventHandler for Careful {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().once();
    }
}

impl Careful {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Pong { id: event.id })
    }
}

async fn deliver_twice(domain: DomainBuilder) -> World {
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    let event = world.events().await.remove(0);
    world.engine.redeliver(&event).await.unwrap();
    assert!(world.run().await.remaining.is_quiet());
    world
}

async fn check_once(domain: DomainBuilder) {
    let mut world = deliver_twice(domain).await;

    assert_eq!(world.handler_outcomes(), ["handled", "already handled"]);
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn once_handler_skips_a_redelivered_message() {
    check_once(ping_domain(Source::Broker).event_handler(Careful)).await;
}

#[tokio::test]
async fn once_handler_skips_an_event_read_again_from_the_store() {
    check_once(ping_domain(Source::EventStore).event_handler(Careful)).await;
}

#[tokio::test]
async fn once_of_the_domain_applies_to_all_handlers() {
    let domain = ping_domain(Source::Broker).subscriptions(|all| {
        all.once();
    });

    check_once(domain.event_handler(Player)).await;
}

#[tokio::test]
async fn once_handler_skips_a_redelivery_inline() {
    let domain = ping_domain(Source::Broker).event_handler(Careful);
    let mut world = World::with_app(domain, |app| app.event_processing(Processing::Sync));
    world.app.publish(ping("1")).await.unwrap();
    let event = world.events().await.remove(0);
    let entry = world.record().entries()[0].id;

    let again = world.app.redeliver(&[(event, entry)], 1).await;

    assert!(again.failures.is_empty());
    assert_eq!(world.handler_outcomes(), ["handled", "already handled"]);
}

async fn check_twice(source: Source) {
    let world = deliver_twice(ping_domain(source).event_handler(Player)).await;

    let events = world.events().await;
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1", "Pong in table-1"]
    );
    assert_ne!(events[1].metadata().id, events[2].metadata().id);
}

#[tokio::test]
async fn redelivered_message_is_handled_again_with_new_ids() {
    check_twice(Source::Broker).await;
}

#[tokio::test]
async fn redelivered_store_event_is_handled_again_with_new_ids() {
    check_twice(Source::EventStore).await;
}

async fn crash_after_commit(domain: DomainBuilder) -> World {
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;
    let first = world.engine.pending().await.unwrap().remove(0);
    let step = world.engine.deliver_and_crash(&first).await.unwrap();
    assert!(matches!(step.outcome, StepOutcome::Crashed));
    assert!(world.run().await.remaining.is_quiet());
    world
}

#[tokio::test]
async fn once_handler_skips_what_was_committed_before_a_crash() {
    let mut world = crash_after_commit(ping_domain(Source::Broker).event_handler(Careful)).await;

    assert_eq!(world.handler_outcomes(), ["handled", "already handled"]);
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn once_handler_skips_a_store_event_committed_before_a_crash() {
    let mut world =
        crash_after_commit(ping_domain(Source::EventStore).event_handler(Careful)).await;

    assert_eq!(world.handler_outcomes(), ["handled", "already handled"]);
}

#[tokio::test]
async fn crash_after_commit_redelivers_at_the_same_time() {
    let mut world = crash_after_commit(ping_domain(Source::Broker).event_handler(Player)).await;

    assert_eq!(
        world.attempts()[..2],
        ["Player #1 at 0ns", "Player #2 at 0ns"]
    );
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1", "Pong in table-1"]
    );
}

async fn points_after_crash(domain: DomainBuilder) -> u32 {
    let domain = domain.aggregate::<Game>().command_handler(Referee);
    let mut world = World::of(domain);
    world.app.submit(score("g")).await.unwrap();

    let first = world.engine.pending().await.unwrap().remove(0);
    let step = world.engine.deliver_and_crash(&first).await.unwrap();
    assert!(matches!(step.outcome, StepOutcome::Crashed));
    assert!(world.run().await.remaining.is_quiet());

    let game = world.app.load::<Game>("g").await.unwrap();
    game.unwrap().points
}

#[tokio::test]
async fn redelivered_command_is_handled_twice() {
    let points = points_after_crash(ping_domain(Source::Broker)).await;

    assert_eq!(points, 2);
}

#[tokio::test]
async fn once_of_the_domain_applies_to_commands() {
    let once = ping_domain(Source::Broker).subscriptions(|all| {
        all.once();
    });

    let points = points_after_crash(once).await;

    assert_eq!(points, 1);
}

/// Has a profile, and the profile does not set `once`.
struct Fast;

impl EventHandler for Fast {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().profile(Profile::Fast);
    }
}

impl Fast {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test]
async fn once_of_the_domain_is_overridden_by_a_handler_profile() {
    let once = ping_domain(Source::Broker).subscriptions(|all| {
        all.once();
    });

    let mut world = deliver_twice(once.event_handler(Fast)).await;

    assert_eq!(world.handler_outcomes(), ["handled", "handled"]);
}
