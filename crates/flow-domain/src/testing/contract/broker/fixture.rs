use std::borrow::Cow;

use crate::{
    message::MessageKind,
    port::{Broker, Cursor, Lane, LogMessage, Publication, PublishResult, Topic},
    testing::contract::fixture::event,
};

pub(super) const ORDERS: Topic = topic("order", MessageKind::Event, Lane::Primary);
pub(super) const COMMANDS: Topic = topic("order", MessageKind::Command, Lane::Primary);
pub(super) const BACKFILL: Topic = topic("order", MessageKind::Event, Lane::Backfill);
pub(super) const PAYMENTS: Topic = topic("payment", MessageKind::Event, Lane::Primary);

const fn topic(category: &'static str, kind: MessageKind, lane: Lane) -> Topic {
    Topic {
        category: Cow::Borrowed(category),
        kind,
        lane,
    }
}

/// Publishes messages, and requires that each of them succeeds.
pub(super) async fn publish<B: Broker + ?Sized>(
    broker: &B,
    topic: &Topic,
    stream: &str,
    numbers: impl IntoIterator<Item = u32>,
) {
    let publications = numbers.into_iter().map(|number| Publication {
        topic: topic.clone(),
        envelope: event(stream, number),
    });

    publish_all(broker, publications.collect()).await;
}

pub(super) async fn publish_all<B: Broker + ?Sized>(broker: &B, publications: Vec<Publication>) {
    let results = broker.publish(&publications).await;
    let results = results.expect("`publish` must succeed");

    assert_eq!(results.len(), publications.len());
    for result in results {
        assert!(
            matches!(result, PublishResult::Published),
            "`publish` must succeed for each message, found {result:?}"
        );
    }
}

/// Returns cursors at the beginning of all partitions of `n_topics` topics.
pub(super) fn cursors<B: Broker + ?Sized>(broker: &B, n_topics: usize) -> Vec<Cursor> {
    let partitions = || 0..broker.n_partitions();
    let all = (0..n_topics).flat_map(|topic| {
        partitions().map(move |partition| Cursor {
            topic,
            partition,
            place: 0,
        })
    });

    all.collect()
}

pub(super) async fn read<B: Broker + ?Sized>(
    broker: &B,
    topics: &[Topic],
    cursors: &mut [Cursor],
    limit: usize,
) -> Vec<LogMessage> {
    let read = broker.read(topics, cursors, limit).await;
    read.expect("`read` must succeed")
}

/// Reads everything after the cursors.
pub(super) async fn read_all<B: Broker + ?Sized>(
    broker: &B,
    topics: &[Topic],
    cursors: &mut [Cursor],
) -> Vec<LogMessage> {
    let mut all = Vec::new();
    loop {
        let page = read(broker, topics, cursors, 100).await;
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Reads a topic from the beginning.
pub(super) async fn read_topic<B: Broker + ?Sized>(broker: &B, topic: Topic) -> Vec<LogMessage> {
    read_all(broker, &[topic], &mut cursors(broker, 1)).await
}

/// Returns the numbers that [`event`] made the messages from, in ascending order.
pub(super) fn sorted_numbers(messages: &[LogMessage]) -> Vec<u64> {
    let mut numbers: Vec<u64> = messages.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

pub(super) fn number(message: &LogMessage) -> u64 {
    let number = message.envelope.message.decode("number");
    number.expect("the content is a number")
}
