//! Subscriptions that pause after several failures in a row.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, RetryPolicy,
    clock::{Clock as _, VirtualClock},
    handler::{CircuitBreaker, Source},
    message::Envelope,
    testing::Interceptor,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, World, ping_domain},
    fixture::{CallLog, timeout_error},
};

/// Makes every handler fail until a duration after the start.
#[derive(Debug)]
struct DownFor(Arc<VirtualClock>, Duration);

impl Interceptor for DownFor {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        if self.0.now() < VirtualClock::START + self.1 {
            return Err(timeout_error());
        }
        Ok(())
    }
}

fn world(source: Source, retry: RetryPolicy, down_for: Duration, calls: &CallLog) -> World {
    let clock = Arc::<VirtualClock>::default();
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(retry).circuit_breaker(Some(CircuitBreaker {
                threshold: 2,
                pause: Duration::from_secs(60),
            }));
        })
        .event_handler(Listener(calls.clone()));

    let down = DownFor(Arc::clone(&clock), down_for);
    let app_clock = Arc::clone(&clock);
    let mut world = World::with_app(domain, |app| {
        app.clock(app_clock).interceptor(Arc::new(down))
    });

    world.clock = clock;
    world
}

async fn check(source: Source) {
    let calls = CallLog::default();
    let retry = RetryPolicy::attempts(9).first_delay(Duration::ZERO);
    let mut world = world(source, retry, Duration::from_secs(100), &calls);
    world.publish_pings(["1", "2", "3"]).await;

    let report = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Listener #1 at 0ns",
            "Listener #1 at 0ns",
            "Listener #2 at 60s",
            "Listener #3 at 120s",
            "Listener #2 at 120s",
            "Listener #1 at 120s"
        ]
    );
    assert_eq!(calls.take(), ["Listener 1", "Listener 2", "Listener 3"]);
    assert_eq!(report.elapsed, Duration::from_secs(120));
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn breaker_pauses_then_tries_one_message_then_all() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn breaker_pauses_a_store_subscription_alike() {
    check(Source::EventStore).await;
}

async fn check_messages_in_pause(source: Source) {
    let calls = CallLog::default();
    let mut world = world(
        source,
        RetryPolicy::never(),
        Duration::from_secs(30),
        &calls,
    );
    world.publish_pings(["1", "2"]).await;
    assert!(world.run().await.remaining.is_quiet());
    world.publish_pings(["3", "4"]).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["Listener 3", "Listener 4"]);
    assert_eq!(report.elapsed, Duration::from_secs(60));
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn message_published_in_a_pause_is_handled_after_it() {
    check_messages_in_pause(Source::Broker).await;
}

#[tokio::test]
async fn event_stored_in_a_pause_is_handled_after_it() {
    check_messages_in_pause(Source::EventStore).await;
}

#[tokio::test]
async fn remaining_reports_the_pause() {
    let calls = CallLog::default();
    let retry = RetryPolicy::attempts(9);
    let mut world = world(Source::Broker, retry, Duration::from_secs(30), &calls);
    world.publish_pings(["1", "2"]).await;

    let report = world.engine.run_cycles(2).await.unwrap();

    insta::assert_snapshot!(report.remaining, @"Listener has 2 messages to handle, including 2 retries, and pauses until 2026-01-01T00:01:00Z");
}

#[tokio::test]
async fn replay_tries_one_dead_letter_after_a_pause() {
    let calls = CallLog::default();
    let never = RetryPolicy::never();
    let mut world = world(Source::Broker, never, Duration::from_secs(100), &calls);
    world.publish_pings(["1", "2"]).await;
    assert_eq!(world.run().await.remaining.dead_letters, 2);
    world.app.dead_letters().replay_all().await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        world.attempts(),
        [
            "Listener #1 at 0ns",
            "Listener #1 at 0ns",
            "Listener #1 at 60s",
            "Listener #1 at 120s"
        ]
    );
    assert_eq!(calls.take(), ["Listener 2"]);
    assert_eq!(world.dead_letter_lines().await.len(), 1);
}

async fn pending_after_the_pause(source: Source) -> Vec<String> {
    let calls = CallLog::default();
    let retry = RetryPolicy::attempts(9).first_delay(Duration::ZERO);
    let mut world = world(source, retry, Duration::from_secs(30), &calls);
    world.publish_pings(["1", "2", "3"]).await;

    let _ = world.engine.run_cycles(1).await.unwrap();
    assert!(world.pending().await.is_empty());

    world.clock.advance(Duration::from_secs(60));
    world.pending().await
}

#[tokio::test]
async fn pending_has_one_message_after_a_pause() {
    let pending = pending_after_the_pause(Source::Broker).await;

    assert_eq!(pending, ["Listener Ping 1 #2"]);
}

#[tokio::test]
async fn pending_has_one_event_after_a_pause() {
    let pending = pending_after_the_pause(Source::EventStore).await;

    assert_eq!(pending, ["Listener Ping 1 #2"]);
}

#[tokio::test]
async fn pending_has_one_dead_letter_after_a_pause() {
    let calls = CallLog::default();
    let never = RetryPolicy::never();
    let mut world = world(Source::Broker, never, Duration::from_secs(30), &calls);
    world.publish_pings(["1", "2"]).await;
    assert_eq!(world.run().await.remaining.dead_letters, 2);
    world.app.dead_letters().replay_all().await.unwrap();

    world.clock.advance(Duration::from_secs(60));

    assert_eq!(world.pending().await, ["Listener Ping 1 #1"]);
}
