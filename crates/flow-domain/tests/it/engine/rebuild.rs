//! Projections that an engine maintains are rebuilt. Each event counts once in the end.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    Error, Projection, Projector, ProjectorRoutes, RetryPolicy, Rows, handler::Source,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{World, ping_domain},
    fixture::{Ping, timeout_error},
};

/// The number of pings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Total {
    id: String,
    n: u32,
}

/// Counts the pings. The first calls fail.
struct PingCounter {
    n_failures: Arc<AtomicU32>,
}

impl Projector for PingCounter {
    type Projection = Total;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription()
            .retry(RetryPolicy::attempts(2).jitter_percent(0))
            .circuit_breaker(None);
    }
}

impl PingCounter {
    async fn on_ping(&self, _: Ping, rows: &mut Rows<'_, Total>) -> Result<(), Error> {
        let n_left = self.n_failures.load(Ordering::Relaxed);
        if 0 < n_left {
            self.n_failures.store(n_left - 1, Ordering::Relaxed);
            return Err(timeout_error());
        }

        let empty = || Total {
            id: "all".into(),
            n: 0,
        };
        rows.change_or_insert("all", empty, |row| row.n += 1).await
    }
}

fn world(source: Source, n_failures: u32) -> World {
    let n_failures = Arc::new(AtomicU32::new(n_failures));
    World::of(
        ping_domain(source)
            .projection::<Total>()
            .projector(PingCounter { n_failures }),
    )
}

async fn total(world: &World) -> u32 {
    let row = world.app.view::<Total>().get("all").await;
    row.expect("memory does not fail").map_or(0, |row| row.n)
}

async fn rebuild(world: &World) -> String {
    let rebuilt = world.app.rebuild::<Total>().await;
    rebuilt.expect("nothing waits").to_string()
}

#[tokio::test]
async fn events_that_were_not_read_count_once() {
    let mut world = world(Source::EventStore, 0);
    world.publish_pings(["1"]).await;
    let _ = world.run().await;
    world.publish_pings(["2", "3"]).await;

    assert_eq!(rebuild(&world).await, "1 row from 3 events, 1 changed");
    assert_eq!(total(&world).await, 3);

    let settled = world.run().await;
    assert_eq!((settled.deliveries, total(&world).await), (0, 3));
    world.publish_pings(["4"]).await;
    let _ = world.run().await;
    assert_eq!(total(&world).await, 4);
}

#[tokio::test]
async fn events_that_were_read_count_once() {
    let mut world = world(Source::EventStore, 0);
    world.publish_pings(["1", "2"]).await;
    // The engine has both in its queue, and their partitions.
    assert_eq!(world.pending().await.len(), 2);

    let _ = rebuild(&world).await;

    let settled = world.run().await;
    assert_eq!(settled.failures.len(), 0);
    assert_eq!(total(&world).await, 2);
}

#[tokio::test]
async fn event_that_waits_for_its_retry_counts_once() {
    let mut world = world(Source::EventStore, 1);
    world.publish_pings(["1"]).await;
    let report = world.engine.run_cycles(1).await.unwrap();
    assert_eq!((report.deliveries, total(&world).await), (1, 0));

    let _ = rebuild(&world).await;

    let _ = world.run().await;
    assert_eq!(total(&world).await, 1);
}

#[tokio::test]
async fn rebuild_settles_dead_letters() {
    let mut world = world(Source::EventStore, 2);
    world.publish_pings(["1"]).await;
    assert_eq!(world.run().await.remaining.dead_letters, 1);
    world.publish_pings(["2"]).await;

    assert_eq!(
        rebuild(&world).await,
        "1 row from 2 events, 1 changed, 1 dead letter settled"
    );

    assert_eq!(world.dead_letter_lines().await, [""; 0]);
    let _ = world.run().await;
    assert_eq!(total(&world).await, 2);
}

#[tokio::test]
async fn dead_letter_of_a_skipped_event_stays() {
    let mut world = world(Source::EventStore, 3);
    world.publish_pings(["1"]).await;
    assert_eq!(world.run().await.remaining.dead_letters, 1);

    let rebuilt = world.app.rebuild::<Total>().await.unwrap();

    assert_eq!((rebuilt.skipped.len(), rebuilt.n_dead_letters), (1, 0));
    assert_eq!(world.dead_letter_lines().await.len(), 1);
}

#[tokio::test]
async fn rebuild_waits_for_replayed_dead_letters() {
    let mut world = world(Source::EventStore, 2);
    world.publish_pings(["1"]).await;
    let _ = world.run().await;
    world.app.dead_letters().replay_all().await.unwrap();

    let err = world.app.rebuild::<Total>().await.unwrap_err();

    assert!(err.has_events_waiting());
    insta::assert_snapshot!(
        err,
        @"the rebuild changed no row: 1 dead letter of `PingCounter` waits to be delivered again; let an engine deliver it first"
    );
    let _ = world.run().await;
    assert_eq!(rebuild(&world).await, "1 row from 1 event, 0 changed");
}

#[tokio::test]
async fn rebuild_waits_for_events_in_the_broker() {
    let mut world = world(Source::Broker, 0);
    world.publish_pings(["1"]).await;
    let _ = world.run().await;
    world.publish_pings(["2", "3"]).await;

    let unsent = world.app.rebuild::<Total>().await.unwrap_err();
    assert_eq!(world.pending().await.len(), 2);
    let sent = world.app.rebuild::<Total>().await.unwrap_err();

    assert!(unsent.has_events_waiting());
    assert_eq!(unsent.to_string(), sent.to_string());
    insta::assert_snapshot!(
        sent,
        @"the rebuild changed no row: 2 events are on their way to `PingCounter` through the broker; let an engine deliver them first, or let the projector read the event store with `.source(Source::EventStore)`"
    );
    assert_eq!(total(&world).await, 1);

    let _ = world.run().await;
    assert_eq!(rebuild(&world).await, "1 row from 3 events, 0 changed");
}
