//! Engines that are forked in the middle of a flow and continue independently.

use std::time::Duration;

use flow_domain::{
    App, RetryPolicy, clock::VirtualClock, handler::Source, testing::TestEngine,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, Player, World, fail_first_attempts, ping_domain},
    fixture::{CallLog, events_of, ping, stored_event_names_of},
};

fn domain(source: Source) -> DomainBuilder {
    ping_domain(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::attempts(2).jitter_percent(0));
        })
        .event_handler(Player)
        .event_handler(Listener(CallLog::default()))
}

/// Returns a world with two pings, and a fork of its engine. `Player` never handles the first ping.
async fn fork_midway(source: Source) -> (World, TestEngine) {
    let mut world = World::with_app(domain(source), |app| {
        app.interceptor(fail_first_attempts("Player", "table-1", 9))
    });

    world.publish_pings(["1", "2"]).await;
    let first = world.next_pending("Listener").await;
    let _ = world.engine.deliver(&first).await.unwrap();

    let fork = world.engine.fork().unwrap();
    (world, fork)
}

async fn n_dead_letters(app: &App) -> usize {
    app.dead_letters().all().await.unwrap().len()
}

async fn check(source: Source) {
    let (mut world, mut fork) = fork_midway(source).await;

    let report = fork.run().await.unwrap();

    assert_eq!(
        stored_event_names_of(fork.app()).await,
        ["Ping in table-1", "Ping in table-2", "Pong in table-2"]
    );
    assert_eq!(report.elapsed, Duration::from_secs(1));
    assert_eq!(n_dead_letters(fork.app()).await, 1);
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Ping in table-2"]
    );
    assert_eq!(world.app.now(), VirtualClock::START);
    assert_eq!(n_dead_letters(&world.app).await, 0);

    assert_eq!(
        world.pending().await,
        ["Player Ping 1 #1", "Player Ping 2 #1", "Listener Ping 2 #1"]
    );
    let second = world.engine.pending().await.unwrap().remove(1);
    let _ = world.engine.deliver(&second).await.unwrap();
    assert_eq!(world.run().await.remaining, report.remaining);
    assert_eq!(
        world.stored_event_names().await,
        stored_event_names_of(fork.app()).await
    );
}

#[tokio::test]
async fn fork_runs_independently_of_its_origin() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn fork_has_its_own_ledgers() {
    check(Source::EventStore).await;
}

#[tokio::test]
async fn fork_does_not_write_to_the_record_of_its_origin() {
    let (mut world, mut fork) = fork_midway(Source::Broker).await;
    let before = world.record().to_string();

    assert!(fork.run().await.unwrap().remaining.is_quiet());

    assert_eq!(world.record().to_string(), before);
}

#[tokio::test]
async fn fork_makes_the_same_ids_as_its_origin() {
    let (mut world, mut fork) = fork_midway(Source::Broker).await;

    assert!(fork.run().await.unwrap().remaining.is_quiet());
    assert!(world.run().await.remaining.is_quiet());
    fork.app().publish(ping("3")).await.unwrap();
    world.publish_pings(["3"]).await;

    let of_fork = events_of(fork.app()).await;
    assert_eq!(world.events().await, of_fork);
}

#[tokio::test]
async fn fork_of_a_fork_reaches_the_same_end() {
    let (mut world, mut fork) = fork_midway(Source::Broker).await;
    let mut second = fork.fork().unwrap();

    assert!(fork.run().await.unwrap().remaining.is_quiet());
    assert!(second.run().await.unwrap().remaining.is_quiet());
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        world.stored_event_names().await,
        stored_event_names_of(second.app()).await
    );
    assert_eq!(
        world.stored_event_names().await,
        stored_event_names_of(fork.app()).await
    );
}

#[tokio::test]
async fn fork_makes_new_ids_for_a_message_handled_before() {
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    let mut fork = world.engine.fork().unwrap();
    let ping = world.events().await.remove(0);

    fork.redeliver(&ping).await.unwrap();
    assert!(fork.run().await.unwrap().remaining.is_quiet());

    let events = events_of(fork.app()).await;
    assert_eq!(events.len(), 3);
    assert_ne!(events[1].metadata().id, events[2].metadata().id);
}
