use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    adapter::memory::MemoryStore,
    message::Envelope,
    port::{Broker, Cursor, LogMessage, Publication, Topic},
    testing::contract::{
        broker::fixture::{
            BACKFILL, ORDERS, cursors, number, publish, publish_all, read, read_all,
        },
        chaos::{kill_owners, pause_owners, replace_owners},
        fixture::event,
        group::{Group, Log, cut_off},
    },
};

/// A group loses and repeats nothing while its members die, sleep and replace one another.
///
/// The group reads both lanes, and its ledger is in a store in memory. A publisher dies in the middle of
/// each publication, and the next one publishes the message again.
pub async fn group_loses_and_repeats_nothing<B: Broker + ?Sized>(broker: &B) {
    let store = MemoryStore::default();
    let log = TopicLog {
        broker,
        topics: [ORDERS, BACKFILL],
        n_written: AtomicU64::new(0),
    };
    let group = Group::new(log, &store);

    let n = kill_owners(&group, 0).await;
    let n = pause_owners(&group, n).await;
    let n = replace_owners(&group, n).await;

    group.check(n).await;
}

/// Readers see the messages of a partition in one order, also those who read while others publish.
pub async fn readers_agree_while_others_publish<B: Broker + ?Sized>(broker: &B) {
    let streams = ["order-1", "order-2", "order-3"];
    let publisher = async |idx: u32| {
        for n in 1..=20 {
            let stream = streams[idx as usize];
            publish(broker, &ORDERS, stream, [idx * 1_000 + n]).await;
            tokio::task::yield_now().await;
        }
    };
    let reader = async |limit: usize| {
        let (topics, mut cursors) = ([ORDERS], cursors(broker, 1));
        let mut all = Vec::new();
        // It does not wait for a number of messages, because a broker that loses one must not hang.
        for _ in 0..100 {
            all.extend(read(broker, &topics, &mut cursors, limit).await);
            tokio::task::yield_now().await;
        }
        all.extend(read_all(broker, &topics, &mut cursors).await);
        all
    };

    let publishers = async { tokio::join!(publisher(0), publisher(1), publisher(2)) };
    let (_, first, second) = tokio::join!(publishers, reader(1), reader(7));

    let (topics, mut from_start) = ([ORDERS], cursors(broker, 1));
    let later = read_all(broker, &topics, &mut from_start).await;
    for partition in 0..broker.n_partitions() {
        let expected = places_in(partition, &later);
        for read in [&first, &second] {
            let found = places_in(partition, read);
            assert_eq!(
                found, expected,
                "a reader must see meanwhile what a later one sees"
            );
        }
    }
    for idx in 0..3 {
        let of_stream = later.iter().map(number);
        let of_stream = of_stream.filter(|number| number / 1_000 == idx);
        let numbers: Vec<u64> = of_stream.map(|number| number % 1_000).collect();
        let expected: Vec<u64> = (1..=20).collect();
        assert_eq!(numbers, expected, "a stream is complete and in order");
    }
}

fn places_in(partition: u32, messages: &[LogMessage]) -> Vec<(u64, u64)> {
    messages
        .iter()
        .filter(|message| message.partition == partition)
        .map(|message| (message.place, number(message)))
        .collect()
}

/// The topics of the two lanes.
struct TopicLog<'a, B: ?Sized> {
    broker: &'a B,
    topics: [Topic; 2],
    n_written: AtomicU64,
}

impl<B: Broker + ?Sized> Log for TopicLog<'_, B> {
    fn n_topics(&self) -> u32 {
        2
    }

    fn n_partitions(&self) -> u32 {
        self.broker.n_partitions()
    }

    async fn write(&self, topic: u32, stream: &str, number: u32) {
        let publication = Publication {
            topic: self.topics[topic as usize].clone(),
            envelope: event(stream, number),
        };
        let n_polls = self.n_written.fetch_add(1, Ordering::Relaxed) % 4;
        let publications = [publication];

        cut_off(n_polls, self.broker.publish(&publications)).await;
        publish_all(self.broker, publications.to_vec()).await;
    }

    async fn read(&self, cursor: &mut Cursor, limit: usize) -> Vec<(u64, Arc<Envelope>)> {
        let cursors = std::slice::from_mut(cursor);
        let messages = read(self.broker, &self.topics, cursors, limit).await;

        messages
            .into_iter()
            .map(|message| (message.place, message.envelope))
            .collect()
    }
}
