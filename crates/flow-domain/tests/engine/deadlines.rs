//! Commands that come too late.

use std::time::Duration;

use flow_domain::{Headers, clock::VirtualClock, record::Happening};
use pretty_assertions::assert_eq;

use crate::fixture::{World, fails, score, scored};

const MINUTE: Duration = Duration::from_secs(60);

fn until(seconds: u64) -> Headers {
    Headers::default().deadline(VirtualClock::START + Duration::from_secs(seconds))
}

async fn submitted(headers: &Headers, waits: Duration) -> World {
    let mut world = World::of(scored());
    world.app.submit_with(score("g"), headers).await.unwrap();
    world.clock.advance(waits);
    let settled = world.run().await;
    assert!(settled.left.is_quiet());
    assert!(settled.failures.is_empty());
    world
}

#[tokio::test]
async fn a_command_that_comes_in_time_is_handled() {
    let world = submitted(&until(60), MINUTE).await;

    assert_eq!(world.stored().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn a_command_that_comes_too_late_is_skipped_and_recorded() {
    let mut world = submitted(&until(59), MINUTE).await;

    assert!(world.stored().await.is_empty());
    assert!(world.dead().await.is_empty());
    assert!(world.attempts().is_empty());
    let expired = world.tell(|what| matches!(what, Happening::Expired));
    assert_eq!(expired, ["expired"]);
}

#[tokio::test]
async fn a_deadline_can_be_counted_from_now() {
    let headers = Headers::default().expires_after(Duration::from_secs(59));

    let world = submitted(&headers, MINUTE).await;

    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn a_command_that_is_processed_too_late_is_an_error() {
    let world = World::of(scored());
    world.clock.advance(MINUTE);

    let err = world.app.process_with(score("g"), &until(59)).await;

    let err = err.unwrap_err();
    assert!(err.is_expired());
    insta::assert_snapshot!(err, @"`Score` expired at 2026-01-01T00:00:59Z, and it is 2026-01-01T00:01:00Z: it was not handled");
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn retries_end_at_the_deadline() {
    let faults = fails("Referee", "game-g", 9);
    let mut world = World::with(scored(), |app| app.interceptor(faults));
    world.app.submit_with(score("g"), &until(2)).await.unwrap();

    let settled = world.run().await;

    assert_eq!(world.attempts().len(), 2);
    assert!(settled.failures.is_empty());
    let expired = world.tell(|what| matches!(what, Happening::Expired));
    assert_eq!(expired, ["expired"]);
}
