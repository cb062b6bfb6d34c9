//! How often a failed message is retried, and when.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    handler::{Source, WhenExhausted},
    record::EntryKind,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{
        FailFirstAttempts, GameOver, Player, World, fail_first_attempts, ping_domain,
    },
    fixture::{CallLog, Ping},
};

const PATIENT: RetryPolicy = RetryPolicy::attempts(6)
    .longest_delay(Duration::from_secs(5))
    .jitter_percent(0);

fn world(source: Source, retry: RetryPolicy, faults: Arc<FailFirstAttempts>) -> World {
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(retry);
        })
        .event_handler(Player);
    World::with_app(domain, |app| app.interceptor(faults))
}

async fn check(source: Source) {
    let mut world = world(source, PATIENT, fail_first_attempts("Player", "table-1", 5));
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Player #1 at 0ns",
            "Player #2 at 1s",
            "Player #3 at 3s",
            "Player #4 at 7s",
            "Player #5 at 12s",
            "Player #6 at 17s"
        ]
    );
    assert_eq!(report.elapsed, Duration::from_secs(17));
    assert!(report.failures.is_empty());
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn retry_delays_double_up_to_the_longest() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn retry_delays_double_for_a_store_subscription() {
    check(Source::EventStore).await;
}

#[tokio::test]
async fn retry_attempts_are_recorded_until_success() {
    let mut world = world(
        Source::Broker,
        PATIENT,
        fail_first_attempts("Player", "table-1", 2),
    );
    world.publish_pings(["1"]).await;

    assert!(world.run().await.failures.is_empty());

    assert_eq!(
        world.handler_outcomes(),
        [
            "failed: charging the card failed: timed out",
            "failed: charging the card failed: timed out",
            "handled"
        ]
    );
    let retries = world.entry_lines(|kind| matches!(kind, EntryKind::RetryScheduled(_)));
    assert_eq!(
        retries,
        [
            "retry at 2026-01-01T00:00:01Z",
            "retry at 2026-01-01T00:00:03Z"
        ]
    );
}

async fn attempts_failing_with(with: fn() -> Error) -> (Vec<String>, usize) {
    let faults = FailFirstAttempts {
        handler: "Player",
        stream: "table-1",
        n_attempts: 9,
        error: with,
    };
    let mut world = world(Source::Broker, PATIENT, Arc::new(faults));

    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    (world.attempts(), world.dead_letter_lines().await.len())
}

#[tokio::test]
async fn rejection_is_not_retried() {
    let (attempts, n_dead) = attempts_failing_with(|| Error::rejected(GameOver)).await;

    assert_eq!(attempts, ["Player #1 at 0ns"]);
    assert_eq!(n_dead, 1);
}

#[tokio::test]
async fn setup_error_is_not_retried() {
    let (attempts, n_dead) = attempts_failing_with(|| Error::setup("not registered")).await;

    assert_eq!(attempts, ["Player #1 at 0ns"]);
    assert_eq!(n_dead, 1);
}

#[tokio::test]
async fn panic_is_retried() {
    let (attempts, n_dead) = attempts_failing_with(|| panic!("no bat")).await;

    assert_eq!(attempts.len(), 6);
    assert_eq!(n_dead, 1);
}

#[tokio::test]
async fn retry_policy_selects_the_errors_to_retry() {
    let retry = PATIENT.retry_if(Error::is_panic);
    let mut world = world(
        Source::Broker,
        retry,
        fail_first_attempts("Player", "table-1", 9),
    );
    world.publish_pings(["1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(world.attempts(), ["Player #1 at 0ns"]);
}

#[tokio::test]
async fn exhausted_message_can_be_skipped() {
    let domain = ping_domain(Source::Broker)
        .subscriptions(|all| {
            let never = RetryPolicy::never();
            all.retry(never).when_exhausted(WhenExhausted::Skip);
        })
        .event_handler(Player);
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Player", "table-1", 9))
    });
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    assert_eq!(report.failures.len(), 1);
    assert!(world.dead_letter_lines().await.is_empty());
    let exhausted = world.entry_lines(|kind| matches!(kind, EntryKind::RetriesExhausted { .. }));
    assert_eq!(
        exhausted,
        ["Player failed after 1 attempt, retries exhausted: the message was skipped"]
    );
}

/// Never returns for the ping `lost`.
struct Patient(CallLog);

impl EventHandler for Patient {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription()
            .time_limit(Duration::from_secs(7))
            .retry(RetryPolicy::attempts(2));
    }
}

impl Patient {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(&*event.id);
        match &*event.id {
            "lost" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn handler_that_hangs_fails_at_its_time_limit() {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Patient(calls.clone())));
    world.publish_pings(["lost", "2"]).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["lost", "2", "lost"]);
    assert!(report.failures[0].error.is_timed_out());
    assert_eq!(
        world.dead_letter_lines().await,
        ["Patient: Patient took longer than 7s"]
    );
}
