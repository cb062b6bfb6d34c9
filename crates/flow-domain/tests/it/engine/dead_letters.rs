//! Dead letters are written, listed, replayed and purged.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, handler::Source,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, World, ping_domain},
    fixture::{CallLog, Ping, timeout_error},
};

/// Fails a number of times, and notes every call.
struct Weak(CallLog, Arc<AtomicU32>);

impl EventHandler for Weak {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription()
            .retry(RetryPolicy::attempts(2).jitter_percent(0))
            .circuit_breaker(None);
    }
}

impl Weak {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Weak {}", event.id));
        match self.1.load(Ordering::Relaxed) {
            0 => Ok(()),
            n => {
                self.1.store(n - 1, Ordering::Relaxed);
                Err(timeout_error())
            }
        }
    }
}

fn domain(source: Source, calls: &CallLog, failures: &Arc<AtomicU32>) -> DomainBuilder {
    ping_domain(source)
        .event_handler(Weak(calls.clone(), Arc::clone(failures)))
        .event_handler(Listener(calls.clone()))
}

/// Returns a world in which these pings are dead letters of `Weak`, with an empty call log.
async fn dead_lettered_world<const N: usize>(
    source: Source,
    ids: [&str; N],
) -> (World, CallLog, Arc<AtomicU32>) {
    let calls = CallLog::default();
    let failures = Arc::new(AtomicU32::new(2 * u32::try_from(N).unwrap()));
    let mut world = World::of(domain(source, &calls, &failures));

    world.publish_pings(ids).await;
    assert_eq!(world.run().await.remaining.dead_letters, N);

    calls.take();
    (world, calls, failures)
}

#[tokio::test]
async fn dead_letter_has_handler_message_and_reason() {
    let (world, ..) = dead_lettered_world(Source::Broker, ["1"]).await;

    let letter = world
        .app
        .dead_letters()
        .of_subscription("Weak")
        .await
        .unwrap()
        .remove(0);

    assert_eq!(letter.subscription, "Weak");
    assert_eq!(letter.handler.as_deref(), Some("Weak"));
    assert_eq!(letter.reason, "charging the card failed: timed out");
    assert_eq!(letter.attempts, 2);
    assert_eq!(letter.failed_at.to_string(), "2026-01-01T00:00:01Z");
    assert_eq!(letter.envelope.message.as_json(), r#"{"id":"1"}"#);
    let of_others = world
        .app
        .dead_letters()
        .of_subscription("Listener")
        .await
        .unwrap();
    assert!(of_others.is_empty());
}

#[tokio::test]
async fn dead_letters_are_listed_oldest_first() {
    let (mut world, _, failures) = dead_lettered_world(Source::Broker, ["2", "3", "1"]).await;
    let letters = world.app.dead_letters();
    let messages = async || -> Vec<String> {
        let all = letters.all().await.unwrap();
        let json = all.iter().map(|letter| letter.envelope.message.as_json());
        json.map(str::to_owned).collect()
    };
    let [two, three, one] = ["2", "3", "1"].map(|id| format!(r#"{{"id":"{id}"}}"#));
    assert_eq!(messages().await, [&*two, &*three, &*one]);

    // The message fails again, later than the others.
    let id = letters.all().await.unwrap()[0].id.clone();
    letters.replay(&id).await.unwrap();
    failures.store(2, Ordering::Relaxed);
    assert_eq!(world.run().await.remaining.dead_letters, 3);
    assert_eq!(messages().await, [three, one, two]);
}

async fn check_replay(source: Source) {
    let (mut world, calls, _) = dead_lettered_world(source, ["1", "2"]).await;
    let id = world.app.dead_letters().all().await.unwrap()[1].id.clone();

    assert!(world.app.dead_letters().replay(&id).await.unwrap());
    let report = world.run().await;

    assert_eq!(calls.take(), ["Weak 2"]);
    assert_eq!((report.deliveries, report.remaining.dead_letters), (1, 1));
}

#[tokio::test]
async fn replay_reaches_only_the_handler_that_failed() {
    check_replay(Source::Broker).await;
}

#[tokio::test]
async fn replay_of_a_store_event_reaches_only_its_handler() {
    check_replay(Source::EventStore).await;
}

#[tokio::test]
async fn replay_that_fails_is_dead_lettered_again() {
    let (mut world, calls, failures) = dead_lettered_world(Source::Broker, ["1"]).await;
    failures.store(2, Ordering::Relaxed);

    assert_eq!(world.app.dead_letters().replay_all().await.unwrap(), 1);
    let report = world.run().await;

    assert_eq!(calls.take(), ["Weak 1", "Weak 1"]);
    assert_eq!(report.remaining.dead_letters, 1);
    let letter = world.app.dead_letters().all().await.unwrap().remove(0);
    assert!(!letter.is_replayed);
    assert_eq!(letter.failed_at.to_string(), "2026-01-01T00:00:02Z");
}

#[tokio::test]
async fn replay_survives_a_new_engine() {
    let (mut world, calls, _) = dead_lettered_world(Source::Broker, ["1"]).await;
    world.app.dead_letters().replay_all().await.unwrap();
    world.replace_engine();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Weak 1"]);
    assert!(world.dead_letter_lines().await.is_empty());
}

#[tokio::test]
async fn replay_all_replays_every_dead_letter() {
    let (mut world, calls, _) = dead_lettered_world(Source::Broker, ["1", "2"]).await;

    assert_eq!(world.app.dead_letters().replay_all().await.unwrap(), 2);
    assert_eq!(world.run().await.remaining.dead_letters, 0);

    assert_eq!(calls.take(), ["Weak 1", "Weak 2"]);
}

#[tokio::test]
async fn purge_deletes_one_dead_letter_or_all() {
    let (mut world, calls, _) = dead_lettered_world(Source::Broker, ["1", "2", "3"]).await;
    let letters = world.app.dead_letters();
    let id = letters.all().await.unwrap()[0].id.clone();

    assert!(letters.purge(&id).await.unwrap());
    assert!(!letters.purge(&id).await.unwrap());
    assert!(!letters.replay(&id).await.unwrap());
    assert_eq!(letters.purge_all().await.unwrap(), 2);

    assert_eq!(world.run().await.deliveries, 0);
    assert!(calls.take().is_empty());
}
