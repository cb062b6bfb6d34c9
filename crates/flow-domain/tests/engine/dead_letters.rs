//! What was given up on is kept, looked at, replayed and thrown away.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, handler::Source,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Ping, World, table, timed_out};

/// Fails so often, and notes every call.
struct Weak(Heard, Arc<AtomicU32>);

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
                Err(timed_out())
            }
        }
    }
}

fn domain(source: Source, heard: &Heard, failures: &Arc<AtomicU32>) -> DomainBuilder {
    table(source)
        .event_handler(Weak(heard.clone(), Arc::clone(failures)))
        .event_handler(Listener(heard.clone()))
}

/// A world in which `Weak` gave up on these pings; what was heard until then is forgotten.
async fn given_up<const N: usize>(
    source: Source,
    ids: [&str; N],
) -> (World, Heard, Arc<AtomicU32>) {
    let heard = Heard::default();
    let failures = Arc::new(AtomicU32::new(2 * u32::try_from(N).unwrap()));
    let mut world = World::of(domain(source, &heard, &failures));
    world.pings(ids).await;
    assert_eq!(world.run().await.left.dead_letters, N);
    heard.take();
    (world, heard, failures)
}

#[tokio::test]
async fn a_dead_letter_tells_who_gave_up_on_what_and_why() {
    let (world, ..) = given_up(Source::Broker, ["1"]).await;

    let letter = world.app.dead_letters().of("Weak").await.unwrap().remove(0);

    assert_eq!((&*letter.subscription, &*letter.handler), ("Weak", "Weak"));
    assert_eq!(letter.reason, "charging the card failed: timed out");
    assert_eq!(letter.attempts, 2);
    assert_eq!(letter.failed_at.to_string(), "2026-01-01T00:00:01Z");
    assert_eq!(letter.envelope.message.as_json(), r#"{"id":"1"}"#);
    let of_others = world.app.dead_letters().of("Listener").await.unwrap();
    assert!(of_others.is_empty());
}

async fn replayed(source: Source) {
    let (mut world, heard, _) = given_up(source, ["1", "2"]).await;
    let id = world.app.dead_letters().all().await.unwrap()[1].id.clone();

    assert!(world.app.dead_letters().replay(&id).await.unwrap());
    let settled = world.run().await;

    assert_eq!(heard.take(), ["Weak 2"]);
    assert_eq!((settled.deliveries, settled.left.dead_letters), (1, 1));
}

#[tokio::test]
async fn a_replay_goes_to_the_handler_that_gave_up_and_to_no_other() {
    replayed(Source::Broker).await;
}

#[tokio::test]
async fn a_replay_of_what_was_read_from_the_store_goes_to_nobody_else_either() {
    replayed(Source::EventStore).await;
}

#[tokio::test]
async fn a_replay_that_fails_is_tried_as_often_as_the_first_time_and_is_back() {
    let (mut world, heard, failures) = given_up(Source::Broker, ["1"]).await;
    failures.store(2, Ordering::Relaxed);

    assert_eq!(world.app.dead_letters().replay_all().await.unwrap(), 1);
    let settled = world.run().await;

    assert_eq!(heard.take(), ["Weak 1", "Weak 1"]);
    assert_eq!(settled.left.dead_letters, 1);
    let letter = world.app.dead_letters().all().await.unwrap().remove(0);
    assert!(!letter.is_replayed);
    assert_eq!(letter.failed_at.to_string(), "2026-01-01T00:00:02Z");
}

#[tokio::test]
async fn a_replay_survives_a_new_engine() {
    let (mut world, heard, _) = given_up(Source::Broker, ["1"]).await;
    world.app.dead_letters().replay_all().await.unwrap();
    world.start_again();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Weak 1"]);
    assert!(world.dead().await.is_empty());
}

#[tokio::test]
async fn all_can_be_replayed() {
    let (mut world, heard, _) = given_up(Source::Broker, ["1", "2"]).await;

    assert_eq!(world.app.dead_letters().replay_all().await.unwrap(), 2);
    assert_eq!(world.run().await.left.dead_letters, 0);

    assert_eq!(heard.take(), ["Weak 1", "Weak 2"]);
}

#[tokio::test]
async fn one_can_be_thrown_away_and_all() {
    let (mut world, heard, _) = given_up(Source::Broker, ["1", "2", "3"]).await;
    let letters = world.app.dead_letters();
    let id = letters.all().await.unwrap()[0].id.clone();

    assert!(letters.purge(&id).await.unwrap());
    assert!(!letters.purge(&id).await.unwrap());
    assert!(!letters.replay(&id).await.unwrap());
    assert_eq!(letters.purge_all().await.unwrap(), 2);

    assert_eq!(world.run().await.deliveries, 0);
    assert!(heard.take().is_empty());
}
