//! Where subscriptions begin, how far they have come, and what a new engine finds.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    adapter::memory::MemoryBroker,
    handler::Source,
    port::{Broker, StartFrom},
    record::{Table, TableKind},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Game, Heard, Listener, Ping, Player, Pong, Referee, Scored, World, fails, ping, pong, score,
    table,
};

const CHECKPOINTS: Table = Table::new(TableKind::Checkpoint, "Subscription");

fn from_now(source: Source, heard: &Heard) -> DomainBuilder {
    table(source)
        .subscriptions(|all| {
            all.start_from(StartFrom::Now);
        })
        .event_handler(Listener(heard.clone()))
}

#[tokio::test]
async fn a_subscription_from_now_on_reads_nothing_that_was_stored_before() {
    let heard = Heard::default();
    let mut world = World::of(from_now(Source::EventStore, &heard));
    world.pings(["before"]).await;
    world.engine.begin().await.unwrap();
    world.pings(["after"]).await;

    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener after"]);
}

#[tokio::test]
async fn a_group_from_now_on_gets_nothing_that_was_published_before() {
    let heard = Heard::default();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::default());
    let mut before = World::with(table(Source::Broker).event_handler(Player), |app| {
        app.shared_broker(Arc::clone(&broker))
    });
    before.pings(["before"]).await;
    assert!(before.run().await.left.is_quiet());

    let mut world = World::with(from_now(Source::Broker, &heard), |app| {
        app.shared_broker(broker)
    });
    world.pings(["after"]).await;
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener after"]);
}

#[tokio::test]
async fn a_group_begins_with_everything_that_was_published() {
    let heard = Heard::default();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::default());
    let mut before = World::with(table(Source::Broker).event_handler(Player), |app| {
        app.shared_broker(Arc::clone(&broker))
    });
    before.pings(["before"]).await;
    assert!(before.run().await.left.is_quiet());

    let domain = table(Source::Broker).event_handler(Listener(heard.clone()));
    let mut world = World::with(domain, |app| app.shared_broker(broker));
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener before"]);
}

async fn begun_and_started_again(source: Source) {
    let heard = Heard::default();
    let mut world = World::of(from_now(source, &heard));
    world.engine.begin().await.unwrap();
    world.pings(["1"]).await;
    world.start_again();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener 1"]);
}

#[tokio::test]
async fn where_a_group_began_is_known_to_the_next_engine() {
    begun_and_started_again(Source::Broker).await;
}

#[tokio::test]
async fn where_a_subscription_began_in_an_empty_store_is_known_to_the_next_engine() {
    begun_and_started_again(Source::EventStore).await;
}

async fn checkpoint(world: &World, subscription: &str) -> Option<(u64, String)> {
    let stored = world.app.store().load(CHECKPOINTS, subscription).await;
    let stored = stored.expect("memory does not fail")?;
    Some((stored.version.as_u64(), stored.value.as_json().to_owned()))
}

#[tokio::test]
async fn a_checkpoint_is_saved_with_every_event_that_is_done_with() {
    let heard = Heard::default();
    let domain = table(Source::EventStore).event_handler(Listener(heard));
    let mut world = World::of(domain);
    world.pings(["1", "2"]).await;
    assert_eq!(checkpoint(&world, "Listener").await, None);

    assert!(world.run().await.left.is_quiet());

    let saved = checkpoint(&world, "Listener").await.unwrap();
    assert_eq!(saved, (2, r#"{"position":2,"open":[]}"#.to_owned()));
}

#[tokio::test]
async fn a_checkpoint_is_not_written_when_nothing_changed() {
    let heard = Heard::default();
    let mut world = World::of(from_now(Source::EventStore, &heard));
    world.engine.begin().await.unwrap();
    world.pings(["1"]).await;
    assert!(world.run().await.left.is_quiet());
    let before = checkpoint(&world, "Listener").await;
    world.start_again();

    assert!(world.run().await.left.is_quiet());
    assert!(world.run().await.left.is_quiet());
    assert_eq!(checkpoint(&world, "Listener").await, before);

    let event = world.events().await.remove(0);
    world.engine.deliver_again(&event).await.unwrap();
    assert!(world.run().await.left.is_quiet());
    assert_eq!(heard.take(), ["Listener 1", "Listener 1"]);
    assert_eq!(checkpoint(&world, "Listener").await, before);
}

#[tokio::test]
async fn a_new_engine_goes_on_at_the_checkpoint() {
    let heard = Heard::default();
    let mut world = World::of(table(Source::EventStore).event_handler(Listener(heard.clone())));
    world.pings(["1", "2"]).await;
    let first = world.next("Listener").await;
    let _ = world.engine.deliver(&first).await.unwrap();
    world.start_again();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener 1", "Listener 2"]);
}

async fn check_attempts(source: Source) {
    let retry = RetryPolicy::attempts(3).jitter_percent(0);
    let domain = table(source)
        .subscriptions(|all| {
            all.retry(retry);
        })
        .event_handler(Player);
    let mut world = World::with(domain, |app| app.interceptor(fails("Player", "table-1", 9)));
    world.pings(["1", "2"]).await;
    let _ = world.engine.cycles(1).await.unwrap();
    world.start_again();

    let settled = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Player #1 at 0ns",
            "Player #1 at 0ns",
            "Player #2 at 1s",
            "Player #3 at 3s"
        ]
    );
    assert_eq!(settled.time, Duration::from_secs(3));
}

#[tokio::test]
async fn a_new_engine_knows_how_often_a_message_was_tried_and_when_it_is_due() {
    check_attempts(Source::Broker).await;
}

#[tokio::test]
async fn a_new_engine_knows_how_often_an_event_was_tried_and_when_it_is_due() {
    check_attempts(Source::EventStore).await;
}

/// Notes events of two categories.
struct Scribe(Heard);

impl EventHandler for Scribe {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.event(Self::on_scored);
    }
}

impl Scribe {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("ping {}", event.id));
        Ok(())
    }

    async fn on_scored(&self, event: Scored, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("scored {}", event.id));
        Ok(())
    }
}

async fn check_categories(source: Source, batch_size: usize) {
    let heard = Heard::default();
    let domain = table(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .subscriptions(|all| {
            all.batch_size(batch_size);
        })
        .event_handler(Scribe(heard.clone()));
    let mut world = World::of(domain);
    world.pings(["1", "2"]).await;
    world.app.process(score("g")).await.unwrap();
    world.app.publish((ping("3"), pong("3"))).await.unwrap();
    world.app.process(score("h")).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(
        heard.take(),
        ["ping 1", "ping 2", "scored g", "ping 3", "scored h"]
    );
}

#[tokio::test]
async fn events_of_several_categories_come_in_the_order_of_commit() {
    check_categories(Source::Broker, 100).await;
}

#[tokio::test]
async fn events_of_several_categories_are_read_in_the_order_of_commit() {
    check_categories(Source::EventStore, 100).await;
}

#[tokio::test]
async fn events_of_several_categories_are_read_in_order_however_few_at_once() {
    check_categories(Source::EventStore, 1).await;
}

#[tokio::test]
async fn a_subscription_goes_past_events_that_it_has_no_method_for() {
    let heard = Heard::default();
    let domain = table(Source::EventStore)
        .subscriptions(|all| {
            all.batch_size(2);
        })
        .event_handler(Listener(heard.clone()));
    let mut world = World::of(domain);
    let many: [Pong; 50] = std::array::from_fn(|n| pong(&n.to_string()));
    for one in many {
        world.app.publish(one).await.unwrap();
    }
    world.pings(["1"]).await;

    let settled = world.run().await;

    assert_eq!(heard.take(), ["Listener 1"]);
    assert_eq!(settled.deliveries, 1);
    assert!(settled.left.is_quiet());
}
