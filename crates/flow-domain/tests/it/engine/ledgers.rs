//! Where subscriptions start, how ledgers are saved, and what a new engine resumes.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    adapter::memory::MemoryBroker,
    clock::VirtualIds,
    handler::Source,
    port::{Broker, StartFrom},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{
        Game, Listener, Player, Referee, Scored, World, fail_first_attempts, ping_domain, score,
    },
    fixture::{CallLog, Ping, Pong, ping, pong},
};

fn from_now_domain(source: Source, calls: &CallLog) -> DomainBuilder {
    ping_domain(source)
        .subscriptions(|all| {
            all.start_from(StartFrom::Now);
        })
        .event_handler(Listener(calls.clone()))
}

#[tokio::test]
async fn subscription_from_now_skips_stored_events() {
    let calls = CallLog::default();
    let mut world = World::of(from_now_domain(Source::EventStore, &calls));
    world.publish_pings(["before"]).await;
    world.engine.subscribe().await.unwrap();
    world.publish_pings(["after"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener after"]);
}

/// Returns a broker that has the ping `before`, and the source of its ids.
async fn broker_with_one_ping() -> (Arc<dyn Broker>, Arc<VirtualIds>) {
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::default());
    let ids = Arc::new(VirtualIds::default());
    let mut before = World::with_app(ping_domain(Source::Broker).event_handler(Player), |app| {
        app.shared_broker(Arc::clone(&broker)).ids(ids.clone())
    });
    before.publish_pings(["before"]).await;
    assert!(before.run().await.remaining.is_quiet());

    (broker, ids)
}

#[tokio::test]
async fn group_from_now_skips_published_events() {
    let calls = CallLog::default();
    let (broker, ids) = broker_with_one_ping().await;

    let mut world = World::with_app(from_now_domain(Source::Broker, &calls), |app| {
        app.shared_broker(broker).ids(ids)
    });
    world.publish_pings(["after"]).await;
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener after"]);
}

#[tokio::test]
async fn group_starts_at_the_first_published_event() {
    let calls = CallLog::default();
    let (broker, ids) = broker_with_one_ping().await;

    let domain = ping_domain(Source::Broker).event_handler(Listener(calls.clone()));
    let mut world = World::with_app(domain, |app| app.shared_broker(broker).ids(ids));
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener before"]);
}

async fn check_start_position(source: Source) {
    let calls = CallLog::default();
    let mut world = World::of(from_now_domain(source, &calls));
    world.engine.subscribe().await.unwrap();
    world.publish_pings(["1"]).await;
    world.replace_engine();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1"]);
}

#[tokio::test]
async fn start_of_a_group_is_known_to_the_next_engine() {
    check_start_position(Source::Broker).await;
}

#[tokio::test]
async fn start_in_an_empty_store_is_known_to_the_next_engine() {
    check_start_position(Source::EventStore).await;
}

/// Returns a line for each partition with a saved ledger.
async fn ledgers(world: &World, subscription: &str) -> Vec<String> {
    let ledgers = world.app.store().ledgers(subscription).await;
    let ledgers = ledgers.expect("memory does not fail");
    let lines = ledgers
        .iter()
        .map(|(partition, ledger)| format!("{partition}: {}", ledger.as_json()));

    lines.collect()
}

async fn check_ledgers(source: Source) -> String {
    let domain = ping_domain(source).event_handler(Listener(CallLog::default()));
    let mut world = World::of(domain);
    world.publish_pings(["1", "2", "3"]).await;
    assert_eq!(ledgers(&world, "Listener").await, [""; 0]);

    assert!(world.run().await.remaining.is_quiet());
    ledgers(&world, "Listener").await.join("\n")
}

#[tokio::test]
async fn ledger_says_how_far_each_partition_is_done() {
    insta::assert_snapshot!(check_ledgers(Source::EventStore).await, @r#"
    0: {"topics":[{"topic":"events","read":3}]}
    4: {"topics":[{"topic":"events","read":3}]}
    7: {"topics":[{"topic":"events","read":3}]}
    "#);
    insta::assert_snapshot!(check_ledgers(Source::Broker).await, @r#"
    0: {"topics":[{"topic":"table","read":3}]}
    4: {"topics":[{"topic":"table","read":3}]}
    7: {"topics":[{"topic":"table","read":3}]}
    "#);
}

#[tokio::test]
async fn ledger_lists_what_waits_for_a_retry() {
    let domain = ping_domain(Source::EventStore)
        .subscriptions(|all| {
            all.retry(RetryPolicy::attempts(3).jitter_percent(0));
        })
        .event_handler(Player);
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Player", "table-1", 9))
    });
    world.app.publish((ping("1"), ping("1"))).await.unwrap();

    let _ = world.engine.run_cycles(1).await.unwrap();

    insta::assert_snapshot!(
        ledgers(&world, "Player").await.join("\n"),
        @r#"4: {"topics":[{"topic":"events","read":1,"open":[{"place":1,"attempt":2,"due":"2026-01-01T00:00:01.000000Z"}]}]}"#
    );
}

#[tokio::test]
async fn ledger_is_not_written_without_changes() {
    let calls = CallLog::default();
    let mut world = World::of(from_now_domain(Source::EventStore, &calls));
    world.engine.subscribe().await.unwrap();
    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    let before = ledgers(&world, "Listener").await;
    world.replace_engine();

    assert!(world.run().await.remaining.is_quiet());
    assert!(world.run().await.remaining.is_quiet());
    assert_eq!(ledgers(&world, "Listener").await, before);

    let event = world.events().await.remove(0);
    world.engine.redeliver(&event).await.unwrap();
    assert!(world.run().await.remaining.is_quiet());
    assert_eq!(calls.take(), ["Listener 1", "Listener 1"]);
    assert_eq!(ledgers(&world, "Listener").await, before);
}

#[tokio::test]
async fn new_engine_resumes_at_the_ledger() {
    let calls = CallLog::default();
    let mut world =
        World::of(ping_domain(Source::EventStore).event_handler(Listener(calls.clone())));
    world.publish_pings(["1", "2"]).await;
    let first = world.next_pending("Listener").await;
    let _ = world.engine.deliver(&first).await.unwrap();
    world.replace_engine();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1", "Listener 2"]);
}

async fn check_attempts(source: Source) {
    let retry = RetryPolicy::attempts(3).jitter_percent(0);
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(retry);
        })
        .event_handler(Player);
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Player", "table-1", 9))
    });
    world.publish_pings(["1", "2"]).await;
    let _ = world.engine.run_cycles(1).await.unwrap();
    world.replace_engine();

    let report = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Player #1 at 0ns",
            "Player #1 at 0ns",
            "Player #2 at 1s",
            "Player #3 at 3s"
        ]
    );
    assert_eq!(report.elapsed, Duration::from_secs(3));
}

#[tokio::test]
async fn new_engine_resumes_the_retries_of_a_message() {
    check_attempts(Source::Broker).await;
}

#[tokio::test]
async fn new_engine_resumes_the_retries_of_an_event() {
    check_attempts(Source::EventStore).await;
}

/// Notes the events of two categories.
struct Scribe(CallLog);

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
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .subscriptions(|all| {
            all.batch_size(batch_size);
        })
        .event_handler(Scribe(calls.clone()));
    let mut world = World::of(domain);
    world.publish_pings(["1", "2"]).await;
    world.app.process(score("g")).await.unwrap();
    world.app.publish((ping("3"), pong("3"))).await.unwrap();
    world.app.process(score("h")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        calls.take(),
        ["ping 1", "ping 2", "scored g", "ping 3", "scored h"]
    );
}

#[tokio::test]
async fn categories_are_delivered_in_commit_order() {
    check_categories(Source::Broker, 100).await;
}

#[tokio::test]
async fn categories_are_read_from_the_store_in_commit_order() {
    check_categories(Source::EventStore, 100).await;
}

#[tokio::test]
async fn categories_are_read_in_commit_order_at_batch_size_one() {
    check_categories(Source::EventStore, 1).await;
}

#[tokio::test]
async fn subscription_skips_events_without_a_method() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::EventStore)
        .subscriptions(|all| {
            all.batch_size(2);
        })
        .event_handler(Listener(calls.clone()));
    let mut world = World::of(domain);
    let many: [Pong; 50] = std::array::from_fn(|n| pong(n.to_string()));
    for pong in many {
        world.app.publish(pong).await.unwrap();
    }
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["Listener 1"]);
    assert_eq!(report.deliveries, 1);
    assert!(report.remaining.is_quiet());
}
