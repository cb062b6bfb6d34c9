//! Subscriptions that pause because nothing succeeds.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, RetryPolicy,
    clock::{Clock as _, VirtualClock},
    handler::{CircuitBreaker, Interceptor, Source},
    message::Envelope,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, World, table, timed_out};

/// Lets every handler fail for so long.
#[derive(Debug)]
struct Down(Arc<VirtualClock>, Duration);

impl Interceptor for Down {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        if self.0.now() < VirtualClock::START + self.1 {
            return Err(timed_out());
        }
        Ok(())
    }
}

fn world(source: Source, retry: RetryPolicy, down_for: Duration, heard: &Heard) -> World {
    let clock = Arc::<VirtualClock>::default();
    let domain = table(source)
        .subscriptions(|all| {
            all.retry(retry).circuit_breaker(Some(CircuitBreaker {
                threshold: 2,
                pause: Duration::from_secs(60),
            }));
        })
        .event_handler(Listener(heard.clone()));
    let down = Down(Arc::clone(&clock), down_for);
    let shown = Arc::clone(&clock);
    let mut world = World::with(domain, |app| app.clock(clock).interceptor(Arc::new(down)));
    world.clock = shown;
    world
}

async fn check(source: Source) {
    let heard = Heard::default();
    let retry = RetryPolicy::attempts(9).first_delay(Duration::ZERO);
    let mut world = world(source, retry, Duration::from_secs(100), &heard);
    world.pings(["1", "2", "3"]).await;

    let settled = world.run().await;

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
    assert_eq!(heard.take(), ["Listener 1", "Listener 2", "Listener 3"]);
    assert_eq!(settled.time, Duration::from_secs(120));
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn after_enough_failures_it_pauses_then_tries_one_and_then_all() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn it_pauses_in_the_same_way_when_it_reads_the_store() {
    check(Source::EventStore).await;
}

async fn what_comes_in_a_pause(source: Source) {
    let heard = Heard::default();
    let mut world = world(
        source,
        RetryPolicy::never(),
        Duration::from_secs(30),
        &heard,
    );
    world.pings(["1", "2"]).await;
    assert!(world.run().await.left.is_quiet());
    world.pings(["3", "4"]).await;

    let settled = world.run().await;

    assert_eq!(heard.take(), ["Listener 3", "Listener 4"]);
    assert_eq!(settled.time, Duration::from_secs(60));
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn what_comes_in_a_pause_is_handled_after_it() {
    what_comes_in_a_pause(Source::Broker).await;
}

#[tokio::test]
async fn what_is_stored_in_a_pause_is_handled_after_it() {
    what_comes_in_a_pause(Source::EventStore).await;
}

#[tokio::test]
async fn what_is_left_tells_of_the_pause() {
    let heard = Heard::default();
    let retry = RetryPolicy::attempts(9);
    let mut world = world(Source::Broker, retry, Duration::from_secs(30), &heard);
    world.pings(["1", "2"]).await;

    let settled = world.engine.cycles(2).await.unwrap();

    insta::assert_snapshot!(settled.left, @"Listener has 2 to handle, 2 of them again, and pauses until 2026-01-01T00:01:00Z");
}

#[tokio::test]
async fn of_what_is_replayed_one_is_tried_after_a_pause() {
    let heard = Heard::default();
    let never = RetryPolicy::never();
    let mut world = world(Source::Broker, never, Duration::from_secs(100), &heard);
    world.pings(["1", "2"]).await;
    assert_eq!(world.run().await.left.dead_letters, 2);
    world.app.dead_letters().replay_all().await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(
        world.attempts(),
        [
            "Listener #1 at 0ns",
            "Listener #1 at 0ns",
            "Listener #1 at 60s",
            "Listener #1 at 120s"
        ]
    );
    assert_eq!(heard.take(), ["Listener 2"]);
    assert_eq!(world.dead().await.len(), 1);
}

async fn pending_after_the_pause(source: Source) -> Vec<String> {
    let heard = Heard::default();
    let retry = RetryPolicy::attempts(9).first_delay(Duration::ZERO);
    let mut world = world(source, retry, Duration::from_secs(30), &heard);
    world.pings(["1", "2", "3"]).await;
    let _ = world.engine.cycles(1).await.unwrap();
    assert!(world.pending().await.is_empty());
    world.clock.advance(Duration::from_secs(60));
    world.pending().await
}

#[tokio::test]
async fn after_a_pause_one_message_is_pending() {
    let pending = pending_after_the_pause(Source::Broker).await;

    assert_eq!(pending, ["Listener Ping 1 #2"]);
}

#[tokio::test]
async fn after_a_pause_one_event_is_pending() {
    let pending = pending_after_the_pause(Source::EventStore).await;

    assert_eq!(pending, ["Listener Ping 1 #2"]);
}

#[tokio::test]
async fn after_a_pause_one_dead_letter_is_pending() {
    let heard = Heard::default();
    let never = RetryPolicy::never();
    let mut world = world(Source::Broker, never, Duration::from_secs(30), &heard);
    world.pings(["1", "2"]).await;
    assert_eq!(world.run().await.left.dead_letters, 2);
    world.app.dead_letters().replay_all().await.unwrap();

    world.clock.advance(Duration::from_secs(60));

    assert_eq!(world.pending().await, ["Listener Ping 1 #1"]);
}
