//! Commands with a deadline.

use std::time::Duration;

use flow_domain::{Headers, clock::VirtualClock, record::EntryKind};
use pretty_assertions::assert_eq;

use crate::engine::fixture::{World, fail_first_attempts, game_domain, score};

const MINUTE: Duration = Duration::from_secs(60);

fn deadline_after(seconds: u64) -> Headers {
    Headers::default().deadline(VirtualClock::START + Duration::from_secs(seconds))
}

/// Submits a command and runs the engine `waits` later. Returns the failures as text, too.
async fn run_after(headers: &Headers, waits: Duration) -> (World, Vec<String>) {
    let mut world = World::of(game_domain());
    world.app.submit_with(score("g"), headers).await.unwrap();
    world.clock.advance(waits);
    let report = world.run().await;
    assert!(report.remaining.is_quiet());
    let failures = report.failures.iter().map(ToString::to_string).collect();
    (world, failures)
}

#[tokio::test]
async fn deadline_not_passed_handles_the_command() {
    let (world, failures) = run_after(&deadline_after(60), MINUTE).await;

    assert_eq!(world.stored_event_names().await, ["Scored in game-g"]);
    assert!(failures.is_empty());
}

#[tokio::test]
async fn deadline_passed_skips_the_command_and_records_it() {
    let (mut world, failures) = run_after(&deadline_after(59), MINUTE).await;

    assert!(world.stored_event_names().await.is_empty());
    assert!(world.dead_letter_lines().await.is_empty());
    assert!(world.attempts().is_empty());
    insta::assert_snapshot!(failures.join("\n"), @"`Score` expired at 2026-01-01T00:00:59Z and was not handled: the time is 2026-01-01T00:01:00Z");
    let expired = world.entry_lines(|kind| matches!(kind, EntryKind::Expired));
    assert_eq!(expired, ["expired"]);
}

#[tokio::test]
async fn deadline_can_be_relative() {
    let headers = Headers::default().expires_after(Duration::from_secs(59));

    let (world, _) = run_after(&headers, MINUTE).await;

    assert!(world.stored_event_names().await.is_empty());
}

#[tokio::test]
async fn deadline_passed_is_an_error_of_process() {
    let world = World::of(game_domain());
    world.clock.advance(MINUTE);

    let err = world
        .app
        .process_with(score("g"), &deadline_after(59))
        .await;

    let err = err.unwrap_err();
    assert!(err.is_expired());
    insta::assert_snapshot!(err, @"`Score` expired at 2026-01-01T00:00:59Z and was not handled: the time is 2026-01-01T00:01:00Z");
    assert!(world.stored_event_names().await.is_empty());
}

#[tokio::test]
async fn deadline_ends_the_retries() {
    let faults = fail_first_attempts("Referee", "game-g", 9);
    let mut world = World::with_app(game_domain(), |app| app.interceptor(faults));
    world
        .app
        .submit_with(score("g"), &deadline_after(2))
        .await
        .unwrap();

    let report = world.run().await;

    assert_eq!(world.attempts().len(), 2);
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(failures.join("\n"), @"`Score` expired at 2026-01-01T00:00:02Z and was not handled: the time is 2026-01-01T00:00:02.708200000Z");
    let expired = world.entry_lines(|kind| matches!(kind, EntryKind::Expired));
    assert_eq!(expired, ["expired"]);
}
