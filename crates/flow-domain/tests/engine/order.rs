//! One message that fails holds up its own stream and nothing else.

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, handler::Source, record::Happening,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Ping, Pong, World, fails, ping, pong, table};

/// Notes every event of the table.
struct Scribe(Heard);

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

/// Fails with the first ball until the third attempt.
async fn played(domain: DomainBuilder) -> World {
    let domain = domain.subscriptions(|all| {
        all.retry(RetryPolicy::attempts(4).jitter_percent(0));
    });
    let world = World::with(domain, |app| app.interceptor(fails("Scribe", "table-1", 2)));
    let balls = (ping("1"), pong("1"), ping("2"), pong("2"));
    world.app.publish(balls).await.unwrap();
    world
}

async fn check(source: Source, batch_size: usize) {
    let heard = Heard::default();
    let domain = table(source)
        .subscriptions(|all| {
            all.batch_size(batch_size);
        })
        .event_handler(Scribe(heard.clone()));
    let mut world = played(domain).await;

    let settled = world.run().await;

    assert_eq!(heard.take(), ["ping 2", "pong 2", "ping 1", "pong 1"]);
    assert!(settled.left.is_quiet());
    assert!(settled.failures.is_empty());
}

#[tokio::test]
async fn what_comes_behind_a_failed_message_waits_and_other_streams_do_not() {
    check(Source::Broker, 100).await;
}

#[tokio::test]
async fn what_comes_behind_a_failed_event_waits_and_other_streams_do_not() {
    check(Source::EventStore, 100).await;
}

#[tokio::test]
async fn other_streams_do_not_wait_however_few_messages_are_read_at_once() {
    check(Source::Broker, 1).await;
}

#[tokio::test]
async fn other_streams_do_not_wait_however_few_events_are_read_at_once() {
    check(Source::EventStore, 1).await;
}

#[tokio::test]
async fn other_subscriptions_of_the_store_do_not_wait() {
    let (heard, others) = (Heard::default(), Heard::default());
    let domain = table(Source::EventStore)
        .event_handler(Scribe(heard.clone()))
        .event_handler(Listener(others.clone()));
    let mut world = played(domain).await;

    let settled = world.engine.cycles(1).await.unwrap();

    assert_eq!(others.take(), ["Listener 1", "Listener 2"]);
    assert_eq!(heard.take(), ["ping 2", "pong 2"]);
    insta::assert_snapshot!(settled.left, @"Scribe has 2 to handle, 1 of them again");
}

#[tokio::test]
async fn other_subscriptions_of_the_broker_do_not_wait() {
    let (heard, others) = (Heard::default(), Heard::default());
    let domain = table(Source::Broker)
        .event_handler(Scribe(heard.clone()))
        .event_handler(Listener(others.clone()));
    let mut world = played(domain).await;

    let _ = world.engine.cycles(1).await.unwrap();

    assert_eq!(others.take(), ["Listener 1", "Listener 2"]);
    assert_eq!(heard.take(), ["ping 2", "pong 2"]);
}

async fn check_unordered(source: Source) {
    let heard = Heard::default();
    let domain = table(source)
        .subscriptions(|all| {
            all.unordered();
        })
        .event_handler(Scribe(heard.clone()));
    let mut world = played(domain).await;

    let _ = world.engine.cycles(1).await.unwrap();

    let tried = world.tell(|what| matches!(what, Happening::RetryAt(_)));
    assert_eq!(tried.len(), 2, "the second did not wait for the first");
    assert!(world.run().await.left.is_quiet());
    assert_eq!(heard.take(), ["ping 2", "pong 2", "ping 1", "pong 1"]);
}

#[tokio::test]
async fn what_an_unordered_subscription_fails_with_holds_up_nothing() {
    check_unordered(Source::Broker).await;
}

#[tokio::test]
async fn what_an_unordered_subscription_of_the_store_fails_with_holds_up_nothing() {
    check_unordered(Source::EventStore).await;
}

async fn check_newcomers(source: Source) {
    let heard = Heard::default();
    let mut world = played(table(source).event_handler(Scribe(heard.clone()))).await;
    let _ = world.engine.cycles(1).await.unwrap();
    heard.take();
    world.app.publish((pong("1"), pong("3"))).await.unwrap();

    assert_eq!(world.pending().await, ["Scribe Pong 3 #1"]);
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["pong 3", "ping 1", "pong 1", "pong 1"]);
}

#[tokio::test]
async fn what_is_published_while_a_message_waits_comes_behind_it() {
    check_newcomers(Source::Broker).await;
}

#[tokio::test]
async fn what_is_stored_while_an_event_waits_comes_behind_it() {
    check_newcomers(Source::EventStore).await;
}
