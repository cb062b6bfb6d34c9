//! A failed message blocks its own stream and no other.

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, handler::Source, record::EntryKind,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, World, fail_first_attempts, ping_domain},
    fixture::{CallLog, Ping, Pong, ping, pong},
};

/// Notes every event of the table.
struct Scribe(CallLog);

impl EventHandler for Scribe {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.event(Self::on_pong);
    }
}

impl Scribe {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("ping {}", event.id));
        Ok(())
    }

    async fn on_pong(&self, event: Pong, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("pong {}", event.id));
        Ok(())
    }
}

/// Returns a world with two streams, in which `Scribe` fails twice with the first one.
async fn world_failing_with_first_ball(domain: DomainBuilder) -> World {
    let domain = domain.subscriptions(|all| {
        all.retry(RetryPolicy::attempts(4).jitter_percent(0));
    });
    let world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Scribe", "table-1", 2))
    });

    let balls = (ping("1"), pong("1"), ping("2"), pong("2"));
    world.app.publish(balls).await.unwrap();
    world
}

async fn check(source: Source, batch_size: usize) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.batch_size(batch_size);
        })
        .event_handler(Scribe(calls.clone()));
    let mut world = world_failing_with_first_ball(domain).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["ping 2", "pong 2", "ping 1", "pong 1"]);
    assert!(report.remaining.is_quiet());
    assert!(report.failures.is_empty());
}

#[tokio::test]
async fn failed_message_blocks_only_its_stream() {
    check(Source::Broker, 100).await;
}

#[tokio::test]
async fn failed_event_from_the_store_blocks_only_its_stream() {
    check(Source::EventStore, 100).await;
}

#[tokio::test]
async fn failed_message_blocks_only_its_stream_at_batch_size_one() {
    check(Source::Broker, 1).await;
}

#[tokio::test]
async fn failed_event_blocks_only_its_stream_at_batch_size_one() {
    check(Source::EventStore, 1).await;
}

#[tokio::test]
async fn failed_event_does_not_block_other_store_subscriptions() {
    let (calls, other_calls) = (CallLog::default(), CallLog::default());
    let domain = ping_domain(Source::EventStore)
        .event_handler(Scribe(calls.clone()))
        .event_handler(Listener(other_calls.clone()));
    let mut world = world_failing_with_first_ball(domain).await;

    let report = world.engine.run_cycles(1).await.unwrap();

    assert_eq!(other_calls.take(), ["Listener 1", "Listener 2"]);
    assert_eq!(calls.take(), ["ping 2", "pong 2"]);
    insta::assert_snapshot!(report.remaining, @"Scribe has 2 messages to handle, including 1 retry");
}

#[tokio::test]
async fn failed_message_does_not_block_other_broker_groups() {
    let (calls, other_calls) = (CallLog::default(), CallLog::default());
    let domain = ping_domain(Source::Broker)
        .event_handler(Scribe(calls.clone()))
        .event_handler(Listener(other_calls.clone()));
    let mut world = world_failing_with_first_ball(domain).await;

    let _ = world.engine.run_cycles(1).await.unwrap();

    assert_eq!(other_calls.take(), ["Listener 1", "Listener 2"]);
    assert_eq!(calls.take(), ["ping 2", "pong 2"]);
}

async fn check_unordered(source: Source) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.unordered();
        })
        .event_handler(Scribe(calls.clone()));
    let mut world = world_failing_with_first_ball(domain).await;

    let _ = world.engine.run_cycles(1).await.unwrap();

    let retries = world.entry_lines(|kind| matches!(kind, EntryKind::RetryScheduled(_)));
    assert_eq!(retries.len(), 2, "the second did not wait for the first");
    assert!(world.run().await.remaining.is_quiet());
    assert_eq!(calls.take(), ["ping 2", "pong 2", "ping 1", "pong 1"]);
}

#[tokio::test]
async fn unordered_subscription_is_not_blocked_by_a_failure() {
    check_unordered(Source::Broker).await;
}

#[tokio::test]
async fn unordered_store_subscription_is_not_blocked_by_a_failure() {
    check_unordered(Source::EventStore).await;
}

async fn check_later_messages(source: Source) {
    let calls = CallLog::default();
    let mut world =
        world_failing_with_first_ball(ping_domain(source).event_handler(Scribe(calls.clone())))
            .await;
    let _ = world.engine.run_cycles(1).await.unwrap();
    calls.take();
    world.app.publish((pong("1"), pong("3"))).await.unwrap();

    assert_eq!(world.pending().await, ["Scribe Pong 3 #1"]);
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["pong 3", "ping 1", "pong 1", "pong 1"]);
}

#[tokio::test]
async fn published_message_waits_behind_a_retry() {
    check_later_messages(Source::Broker).await;
}

#[tokio::test]
async fn stored_event_waits_behind_a_retry() {
    check_later_messages(Source::EventStore).await;
}
