//! What was committed is published, after the commit and at least once.

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
    clock::{Timestamp, VirtualClock},
    handler::Source,
    port::{
        Answer, Backlog, Broker, Handed, OutboxRow, OutboxState, Publication, Read, StartFrom,
        Topic,
    },
    record::Happening,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Ping, Player, World, pong, table, timed_out};

/// A broker that cannot be reached so often.
#[derive(Debug, Default)]
struct Unreachable {
    broker: MemoryBroker,
    n_failures: AtomicU32,
}

impl Unreachable {
    fn times(n_failures: u32) -> Arc<Self> {
        Arc::new(Self {
            n_failures: n_failures.into(),
            ..Self::default()
        })
    }
}

impl Broker for Unreachable {
    fn publish<'a>(&'a self, messages: &'a [Publication]) -> Answer<'a, Vec<Result<(), Error>>> {
        let left = self.n_failures.load(Ordering::Relaxed);
        if 0 < left {
            self.n_failures.store(left - 1, Ordering::Relaxed);
            return Answer::ready(Err(timed_out()));
        }
        self.broker.publish(messages)
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> Answer<'a, ()> {
        self.broker.subscribe(group, topics, start)
    }

    fn read<'a>(&'a self, read: &'a Read<'a>) -> Answer<'a, Vec<Handed>> {
        self.broker.read(read)
    }

    fn acknowledge<'a>(&'a self, group: &'a str, handed: &'a Handed) -> Answer<'a, ()> {
        self.broker.acknowledge(group, handed)
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a Handed,
        due: Timestamp,
        counts: bool,
    ) -> Answer<'a, ()> {
        self.broker.refuse(group, handed, due, counts)
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> Answer<'a, Backlog> {
        self.broker.backlog(group, topics)
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> Answer<'a, usize> {
        self.broker.trim(topic, keep)
    }
}

fn world(n_failures: u32, heard: &Heard) -> World {
    let domain = table(Source::Broker).event_handler(Listener(heard.clone()));
    World::with(domain, |app| {
        app.shared_broker(Unreachable::times(n_failures))
    })
}

async fn rows(world: &World, state: OutboxState) -> Vec<OutboxRow> {
    let states = [state];
    let rows = world.app.store().rows(&states, 100).await;
    rows.expect("memory does not fail")
}

/// Raises a pong, and fails.
struct Clumsy;

impl EventHandler for Clumsy {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Clumsy {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong(&event.id))?;
        Err(timed_out())
    }
}

#[tokio::test]
async fn a_handler_that_fails_leaves_nothing_to_publish() {
    let mut world = World::of(table(Source::Broker).event_handler(Clumsy));
    world.pings(["1"]).await;

    assert_eq!(world.run().await.left.outbox, 0);

    assert_eq!(world.stored().await, ["Ping in table-1"]);
    assert_eq!(rows(&world, OutboxState::Published).await.len(), 1);
}

#[tokio::test]
async fn what_a_handler_raises_is_in_the_outbox_with_its_commit() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    let first = world.next("Player").await;

    let _ = world.engine.deliver(&first).await.unwrap();

    let pending = rows(&world, OutboxState::Pending).await;
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].envelope, world.events().await[1].envelope);
}

#[tokio::test]
async fn what_cannot_be_published_is_tried_again_later_and_later() {
    let heard = Heard::default();
    let mut world = world(3, &heard);
    world.pings(["1", "2"]).await;

    let settled = world.run().await;

    assert_eq!(settled.time, Duration::from_secs(7));
    assert_eq!(heard.take(), ["Listener 1", "Listener 2"]);
    let failed = world.tell(|what| matches!(what, Happening::PublishFailed { .. }));
    assert_eq!(
        failed[4],
        "publishing failed: publishing failed: charging the card failed: timed out; again at 2026-01-01T00:00:07Z"
    );
}

#[tokio::test]
async fn what_waits_to_be_published_again_holds_up_its_stream_and_no_other() {
    let heard = Heard::default();
    let mut world = world(1, &heard);
    world.pings(["1"]).await;
    let _ = world.engine.cycles(1).await.unwrap();
    world.pings(["1", "2"]).await;

    let _ = world.engine.cycles(1).await.unwrap();
    assert_eq!(heard.take(), ["Listener 2"]);
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener 1", "Listener 1"]);
}

#[tokio::test]
async fn after_ten_attempts_it_is_abandoned_until_it_is_reopened() {
    let heard = Heard::default();
    let mut world = world(10, &heard);
    world.pings(["1"]).await;

    let settled = world.run().await;
    // 1, 2, 4 .. 256 seconds: the longest delay is 300.
    assert_eq!(settled.time, Duration::from_secs(511));
    assert_eq!(settled.left.outbox, 0);
    let abandoned = rows(&world, OutboxState::Abandoned).await.remove(0);
    assert_eq!(abandoned.n_failures, 10);

    let now = world.app.now();
    let store = world.app.store();
    assert!(store.reopen(abandoned.number, now).await.unwrap());
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener 1"]);
}

#[tokio::test]
async fn a_relay_that_died_after_it_published_publishes_again_with_the_same_id() {
    let heard = Heard::default();
    let mut world = World::of(table(Source::Broker).event_handler(Listener(heard.clone())));
    world.pings(["1"]).await;
    let published = world.events().await.remove(0).envelope;

    world.engine.publish_again(&published).await.unwrap();
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["Listener 1", "Listener 1"]);
    let published = world.tell(|what| matches!(what, Happening::Published { .. }));
    assert_eq!(published.len(), 2);
}

#[tokio::test]
async fn what_was_published_is_forgotten_when_it_is_old() {
    let heard = Heard::default();
    let mut world = world(0, &heard);
    world.pings(["1"]).await;
    assert!(world.run().await.left.is_quiet());
    let store = world.app.store();

    let of_before = VirtualClock::START;
    assert_eq!(
        store
            .clean_up(OutboxState::Published, of_before)
            .await
            .unwrap(),
        0
    );
    let of_now = VirtualClock::START + Duration::from_secs(1);
    assert_eq!(
        store
            .clean_up(OutboxState::Published, of_now)
            .await
            .unwrap(),
        1
    );

    assert!(rows(&world, OutboxState::Published).await.is_empty());
}
