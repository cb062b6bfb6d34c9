//! Messages that come again, and handlers that handle each once.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork,
    engine::StepEnd,
    handler::{Profile, Source},
    message::Processing,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Game, Ping, Player, Pong, Referee, World, ping, score, table};

/// Answers every ping once, however often it comes.
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

async fn delivered_twice(domain: DomainBuilder) -> World {
    let mut world = World::of(domain);
    world.pings(["1"]).await;
    assert!(world.run().await.left.is_quiet());
    let event = world.events().await.remove(0);
    world.engine.deliver_again(&event).await.unwrap();
    assert!(world.run().await.left.is_quiet());
    world
}

async fn check_once(domain: DomainBuilder) {
    let mut world = delivered_twice(domain).await;

    assert_eq!(world.endings(), ["handled", "handled before"]);
    assert_eq!(world.stored().await, ["Ping in table-1", "Pong in table-1"]);
}

#[tokio::test]
async fn a_message_that_comes_again_is_handled_once_where_the_handler_says_so() {
    check_once(table(Source::Broker).event_handler(Careful)).await;
}

#[tokio::test]
async fn an_event_that_is_read_again_is_handled_once_where_the_handler_says_so() {
    check_once(table(Source::EventStore).event_handler(Careful)).await;
}

#[tokio::test]
async fn a_domain_can_say_so_for_all_handlers() {
    let domain = table(Source::Broker).subscriptions(|all| {
        all.once();
    });

    check_once(domain.event_handler(Player)).await;
}

#[tokio::test]
async fn inline_a_message_that_comes_again_is_handled_once_as_well() {
    let domain = table(Source::Broker).event_handler(Careful);
    let mut world = World::with(domain, |app| app.event_processing(Processing::Sync));
    world.app.publish(ping("1")).await.unwrap();
    let event = world.events().await.remove(0);
    let entry = world.record().entries()[0].id;

    let again = world.app.deliver_again(&[(event, entry)], 1).await;

    assert!(again.failures.is_empty());
    assert_eq!(world.endings(), ["handled", "handled before"]);
}

async fn check_twice(source: Source) {
    let world = delivered_twice(table(source).event_handler(Player)).await;

    let events = world.events().await;
    assert_eq!(
        world.stored().await,
        ["Ping in table-1", "Pong in table-1", "Pong in table-1"]
    );
    assert_ne!(events[1].metadata().id, events[2].metadata().id);
}

#[tokio::test]
async fn otherwise_it_is_handled_twice_and_what_it_raises_has_new_ids() {
    check_twice(Source::Broker).await;
}

#[tokio::test]
async fn otherwise_what_is_read_again_is_handled_twice_too() {
    check_twice(Source::EventStore).await;
}

async fn dies(domain: DomainBuilder) -> World {
    let mut world = World::of(domain);
    world.pings(["1"]).await;
    let first = world.engine.pending().await.unwrap().remove(0);
    let step = world.engine.deliver_and_die(&first).await.unwrap();
    assert!(matches!(step.ended, StepEnd::Died));
    assert!(world.run().await.left.is_quiet());
    world
}

#[tokio::test]
async fn what_was_committed_before_the_engine_died_is_not_done_again() {
    let mut world = dies(table(Source::Broker).event_handler(Careful)).await;

    assert_eq!(world.endings(), ["handled", "handled before"]);
    assert_eq!(world.stored().await, ["Ping in table-1", "Pong in table-1"]);
}

#[tokio::test]
async fn what_was_committed_before_the_engine_died_is_not_done_again_from_the_store() {
    let mut world = dies(table(Source::EventStore).event_handler(Careful)).await;

    assert_eq!(world.endings(), ["handled", "handled before"]);
}

#[tokio::test]
async fn an_engine_that_dies_after_the_commit_is_handed_the_message_again_after_the_lease() {
    let mut world = dies(table(Source::Broker).event_handler(Player)).await;

    assert_eq!(
        world.attempts()[..2],
        ["Player #1 at 0ns", "Player #2 at 120s"]
    );
    assert_eq!(
        world.stored().await,
        ["Ping in table-1", "Pong in table-1", "Pong in table-1"]
    );
}

async fn scored_by_an_engine_that_dies(domain: DomainBuilder) -> u32 {
    let domain = domain.aggregate::<Game>().command_handler(Referee);
    let mut world = World::of(domain);
    world.app.submit(score("g")).await.unwrap();
    let first = world.engine.pending().await.unwrap().remove(0);
    let step = world.engine.deliver_and_die(&first).await.unwrap();
    assert!(matches!(step.ended, StepEnd::Died));
    assert!(world.run().await.left.is_quiet());
    let game = world.app.load::<Game>("g").await.unwrap();
    game.unwrap().points
}

#[tokio::test]
async fn a_command_that_comes_again_is_handled_twice() {
    let points = scored_by_an_engine_that_dies(table(Source::Broker)).await;

    assert_eq!(points, 2);
}

#[tokio::test]
async fn a_command_that_comes_again_is_handled_once_where_the_domain_says_so() {
    let once = table(Source::Broker).subscriptions(|all| {
        all.once();
    });

    let points = scored_by_an_engine_that_dies(once).await;

    assert_eq!(points, 1);
}

/// Names a profile, which does not say once.
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
async fn a_handler_with_a_profile_of_its_own_does_not_follow_the_domain() {
    let once = table(Source::Broker).subscriptions(|all| {
        all.once();
    });

    let mut world = delivered_twice(once.event_handler(Fast)).await;

    assert_eq!(world.endings(), ["handled", "handled"]);
}
