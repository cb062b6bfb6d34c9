//! Engines that go their own ways from the middle of a flow.

use std::time::Duration;

use flow_domain::{
    App, RetryPolicy, clock::VirtualClock, engine::TestEngine, handler::Source,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Player, World, events_of, fails, ping, stored_in, table};

fn domain(source: Source) -> DomainBuilder {
    table(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::attempts(2).jitter_percent(0));
        })
        .event_handler(Player)
        .event_handler(Listener(Heard::default()))
}

/// A world with two pings, of which the player gives up on the first.
async fn midway(source: Source) -> (World, TestEngine) {
    let mut world = World::with(domain(source), |app| {
        app.interceptor(fails("Player", "table-1", 9))
    });
    world.pings(["1", "2"]).await;
    let first = world.next("Listener").await;
    let _ = world.engine.deliver(&first).await.unwrap();
    let fork = world.engine.fork().unwrap();
    (world, fork)
}

async fn n_dead(app: &App) -> usize {
    app.dead_letters().all().await.unwrap().len()
}

async fn check(source: Source) {
    let (mut world, mut fork) = midway(source).await;

    let settled = fork.run().await.unwrap();

    assert_eq!(
        stored_in(fork.app()).await,
        ["Ping in table-1", "Ping in table-2", "Pong in table-2"]
    );
    assert_eq!(settled.time, Duration::from_secs(1));
    assert_eq!(n_dead(fork.app()).await, 1);
    assert_eq!(world.stored().await, ["Ping in table-1", "Ping in table-2"]);
    assert_eq!(world.app.now(), VirtualClock::START);
    assert_eq!(n_dead(&world.app).await, 0);

    assert_eq!(
        world.pending().await,
        ["Player Ping 1 #1", "Player Ping 2 #1", "Listener Ping 2 #1"]
    );
    let second = world.engine.pending().await.unwrap().remove(1);
    let _ = world.engine.deliver(&second).await.unwrap();
    assert_eq!(world.run().await.left, settled.left);
    assert_eq!(world.stored().await, stored_in(fork.app()).await);
}

#[tokio::test]
async fn a_fork_and_its_origin_go_their_own_ways_to_the_end() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn a_fork_has_checkpoints_of_its_own() {
    check(Source::EventStore).await;
}

#[tokio::test]
async fn what_happens_in_a_fork_is_not_in_the_record_of_its_origin() {
    let (mut world, mut fork) = midway(Source::Broker).await;
    let before = world.record().to_string();

    assert!(fork.run().await.unwrap().left.is_quiet());

    assert_eq!(world.record().to_string(), before);
}

#[tokio::test]
async fn a_fork_gives_the_ids_that_its_origin_would_have_given() {
    let (mut world, mut fork) = midway(Source::Broker).await;

    assert!(fork.run().await.unwrap().left.is_quiet());
    assert!(world.run().await.left.is_quiet());
    fork.app().publish(ping("3")).await.unwrap();
    world.pings(["3"]).await;

    let of_fork = events_of(fork.app()).await;
    assert_eq!(world.events().await, of_fork);
}

#[tokio::test]
async fn a_fork_of_a_fork_is_as_good() {
    let (mut world, mut fork) = midway(Source::Broker).await;
    let mut second = fork.fork().unwrap();

    assert!(fork.run().await.unwrap().left.is_quiet());
    assert!(second.run().await.unwrap().left.is_quiet());
    assert!(world.run().await.left.is_quiet());

    assert_eq!(world.stored().await, stored_in(second.app()).await);
    assert_eq!(world.stored().await, stored_in(fork.app()).await);
}

#[tokio::test]
async fn a_fork_knows_what_was_handled_before_it() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    assert!(world.run().await.left.is_quiet());
    let mut fork = world.engine.fork().unwrap();
    let ping = world.events().await.remove(0);

    fork.deliver_again(&ping).await.unwrap();
    assert!(fork.run().await.unwrap().left.is_quiet());

    let events = events_of(fork.app()).await;
    assert_eq!(events.len(), 3);
    assert_ne!(events[1].metadata().id, events[2].metadata().id);
}
