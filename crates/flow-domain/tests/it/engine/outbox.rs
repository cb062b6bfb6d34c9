//! Committed messages are published after the commit, and at least once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    adapter::memory::MemoryBroker,
    clock::VirtualClock,
    handler::Source,
    port::{
        Broker, Cursor, LogMessage, OutboxRow, OutboxState, PortFuture, Publication, PublishResult,
        Topic,
    },
    record::EntryKind,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, Player, World, ping_domain},
    fixture::{CallLog, Ping, pong, timeout_error},
};

/// A broker that cannot be reached for a number of calls.
#[derive(Debug, Default)]
struct UnreachableBroker {
    broker: MemoryBroker,
    n_failures: AtomicU32,
}

impl UnreachableBroker {
    fn failing_times(n_failures: u32) -> Arc<Self> {
        Arc::new(Self {
            n_failures: n_failures.into(),
            ..Self::default()
        })
    }
}

impl Broker for UnreachableBroker {
    fn n_partitions(&self) -> u32 {
        self.broker.n_partitions()
    }

    fn publish<'a>(&'a self, messages: &'a [Publication]) -> PortFuture<'a, Vec<PublishResult>> {
        let n_left = self.n_failures.load(Ordering::Relaxed);
        if 0 < n_left {
            self.n_failures.store(n_left - 1, Ordering::Relaxed);
            return PortFuture::ready(Err(timeout_error()));
        }

        self.broker.publish(messages)
    }

    fn read<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<LogMessage>> {
        self.broker.read(topics, cursors, limit)
    }

    fn read_at<'a>(
        &'a self,
        topic: &'a Topic,
        partition: u32,
        places: &'a [u64],
    ) -> PortFuture<'a, Vec<LogMessage>> {
        self.broker.read_at(topic, partition, places)
    }

    fn seek_end<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
    ) -> PortFuture<'a, ()> {
        self.broker.seek_end(topics, cursors)
    }

    fn count_after<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a [Cursor],
    ) -> PortFuture<'a, usize> {
        self.broker.count_after(topics, cursors)
    }

    fn trim<'a>(&'a self, topic: &'a Topic, floors: &'a [Cursor]) -> PortFuture<'a, usize> {
        self.broker.trim(topic, floors)
    }
}

fn world(n_failures: u32, calls: &CallLog) -> World {
    let domain = ping_domain(Source::Broker).event_handler(Listener(calls.clone()));
    World::with_app(domain, |app| {
        app.shared_broker(UnreachableBroker::failing_times(n_failures))
    })
}

async fn rows(world: &World, state: OutboxState) -> Vec<OutboxRow> {
    let states = [state];
    let rows = world.app.store().rows(&states, 100).await;
    rows.expect("memory does not fail")
}

/// Raises a pong and then fails.
struct FailsAfterRaise;

impl EventHandler for FailsAfterRaise {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl FailsAfterRaise {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong(&event.id))?;
        Err(timeout_error())
    }
}

#[tokio::test]
async fn outbox_is_empty_after_a_handler_fails() {
    let mut world = World::of(ping_domain(Source::Broker).event_handler(FailsAfterRaise));
    world.publish_pings(["1"]).await;

    assert_eq!(world.run().await.remaining.outbox, 0);

    assert_eq!(world.stored_event_names().await, ["Ping in table-1"]);
    assert_eq!(rows(&world, OutboxState::Published).await.len(), 1);
}

#[tokio::test]
async fn outbox_has_the_raised_event_after_the_commit() {
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;

    let _ = world.engine.deliver(&first).await.unwrap();

    let pending = rows(&world, OutboxState::Pending).await;
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].envelope, world.events().await[1].envelope);
}

#[tokio::test]
async fn publishing_is_retried_with_growing_delays() {
    let calls = CallLog::default();
    let mut world = world(3, &calls);
    world.publish_pings(["1", "2"]).await;

    let report = world.run().await;

    assert_eq!(report.elapsed, Duration::from_secs(7));
    assert_eq!(calls.take(), ["Listener 1", "Listener 2"]);
    let failed = world.entry_lines(|kind| matches!(kind, EntryKind::PublishFailed { .. }));
    assert_eq!(
        failed[4],
        "publishing failed: publishing failed: charging the card failed: timed out; retry at 2026-01-01T00:00:07Z"
    );
}

#[tokio::test]
async fn publishing_retry_blocks_only_its_stream() {
    let calls = CallLog::default();
    let mut world = world(1, &calls);
    world.publish_pings(["1"]).await;
    let _ = world.engine.run_cycles(1).await.unwrap();
    world.publish_pings(["1", "2"]).await;

    let _ = world.engine.run_cycles(1).await.unwrap();
    assert_eq!(calls.take(), ["Listener 2"]);
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1", "Listener 1"]);
}

#[tokio::test]
async fn publishing_is_abandoned_after_ten_attempts_until_reopened() {
    let calls = CallLog::default();
    let mut world = world(10, &calls);
    world.publish_pings(["1"]).await;

    let report = world.run().await;
    // The delays are 1, 2, 4 .. 256 seconds, because the longest delay is 300.
    assert_eq!(report.elapsed, Duration::from_secs(511));
    assert_eq!(report.remaining.outbox, 0);
    let abandoned = rows(&world, OutboxState::Abandoned).await.remove(0);
    assert_eq!(abandoned.n_failures, 10);

    let now = world.app.now();
    let store = world.app.store();
    assert!(store.reopen(abandoned.number, now).await.unwrap());
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1"]);
}

#[tokio::test]
async fn republished_message_has_the_same_id() {
    let calls = CallLog::default();
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Listener(calls.clone())));
    world.publish_pings(["1"]).await;
    let published = world.events().await.remove(0).envelope;

    world.engine.republish(&published).await.unwrap();
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1", "Listener 1"]);
    let published = world.entry_lines(|kind| matches!(kind, EntryKind::Published { .. }));
    assert_eq!(published.len(), 2);
}

#[tokio::test]
async fn clean_up_deletes_old_published_rows() {
    let calls = CallLog::default();
    let mut world = world(0, &calls);
    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    let store = world.app.store();

    let start = VirtualClock::START;
    assert_eq!(
        store.clean_up(OutboxState::Published, start).await.unwrap(),
        0
    );
    let after_publishing = VirtualClock::START + Duration::from_secs(1);
    assert_eq!(
        store
            .clean_up(OutboxState::Published, after_publishing)
            .await
            .unwrap(),
        1
    );

    assert!(rows(&world, OutboxState::Published).await.is_empty());
}
