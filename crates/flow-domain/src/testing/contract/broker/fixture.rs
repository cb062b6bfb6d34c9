use std::{borrow::Cow, time::Duration};

use crate::{
    clock::{Timestamp, VirtualClock},
    message::MessageKind,
    port::{Backlog, Broker, Lane, Publication, ReadRequest, ReceivedMessage, StartFrom, Topic},
    testing::contract::fixture::event,
};

pub(super) const ORDERS: Topic = topic("order", MessageKind::Event, Lane::Primary);
pub(super) const COMMANDS: Topic = topic("order", MessageKind::Command, Lane::Primary);
pub(super) const BACKFILL: Topic = topic("order", MessageKind::Event, Lane::Backfill);
pub(super) const PAYMENTS: Topic = topic("payment", MessageKind::Event, Lane::Primary);

// This is a static, because a reference to a constant would not live long enough. A topic may own
// its category, so it has a destructor.
static ONLY_ORDERS: [Topic; 1] = [ORDERS];

/// The lease of [`request`], in seconds.
pub(super) const LEASE_SECONDS: u64 = 30;

const fn topic(category: &'static str, kind: MessageKind, lane: Lane) -> Topic {
    Topic {
        category: Cow::Borrowed(category),
        kind,
        lane,
    }
}

/// Returns the time `n` seconds after the start of a test.
pub(super) fn at_second(n: u64) -> Timestamp {
    VirtualClock::START + Duration::from_secs(n)
}

/// Makes an ordered read of [`ORDERS`] at the start of a test.
pub(super) fn request<'a>(group: &'a str, consumer: &'a str) -> ReadRequest<'a> {
    ReadRequest {
        group,
        consumer,
        topics: &ONLY_ORDERS,
        ordered: true,
        now: VirtualClock::START,
        lease: Duration::from_secs(LEASE_SECONDS),
        limit: 1_000,
    }
}

/// Returns `request` with the time changed to `n` seconds after the start of the test.
pub(super) fn with_time(n: u64, request: ReadRequest<'_>) -> ReadRequest<'_> {
    ReadRequest {
        now: at_second(n),
        ..request
    }
}

/// Returns `request` with other topics.
pub(super) fn with_topics<'a>(topics: &'a [Topic], request: ReadRequest<'a>) -> ReadRequest<'a> {
    ReadRequest { topics, ..request }
}

pub(super) async fn publish<B: Broker + ?Sized>(
    broker: &B,
    topic: &Topic,
    stream: &str,
    numbers: impl IntoIterator<Item = u32>,
) {
    let publications: Vec<Publication> = numbers
        .into_iter()
        .map(|number| Publication {
            topic: topic.clone(),
            envelope: event(stream, number),
        })
        .collect();

    let published = broker.publish(&publications).await;
    let results = published.expect("`publish` must succeed");

    assert_eq!(results.len(), publications.len());
    for result in results {
        result.expect("`publish` must succeed for each message");
    }
}

pub(super) async fn subscribe<B: Broker + ?Sized>(broker: &B, group: &str, topics: &[Topic]) {
    let subscribed = broker.subscribe(group, topics, StartFrom::Beginning).await;
    subscribed.expect("`subscribe` must succeed");
}

pub(super) async fn read<B: Broker + ?Sized>(
    broker: &B,
    request: ReadRequest<'_>,
) -> Vec<ReceivedMessage> {
    broker.read(&request).await.expect("`read` must succeed")
}

/// Reads, and returns the numbers that [`event`] made the messages from.
pub(super) async fn read_numbers<B: Broker + ?Sized>(
    broker: &B,
    request: ReadRequest<'_>,
) -> Vec<u64> {
    numbers(&read(broker, request).await)
}

/// Reads, and returns the number and the attempt of each message.
pub(super) async fn read_attempts<B: Broker + ?Sized>(
    broker: &B,
    request: ReadRequest<'_>,
) -> Vec<(u64, u32)> {
    let messages = read(broker, request).await;
    let attempts = messages.iter().map(|message| message.attempt);

    numbers(&messages).into_iter().zip(attempts).collect()
}

/// Reads, and returns the message. There must be exactly one.
pub(super) async fn read_one<B: Broker + ?Sized>(
    broker: &B,
    request: ReadRequest<'_>,
) -> ReceivedMessage {
    let mut messages = read(broker, request).await;

    assert_eq!(
        messages.len(),
        1,
        "expected one message, found {messages:?}"
    );
    messages.remove(0)
}

pub(super) fn numbers(messages: &[ReceivedMessage]) -> Vec<u64> {
    messages
        .iter()
        .filter_map(|message| message.envelope.message.decode("number").ok())
        .collect()
}

pub(super) async fn acknowledge<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    messages: &[ReceivedMessage],
) {
    for message in messages {
        let acknowledged = broker.acknowledge(group, message).await;
        acknowledged.expect("`acknowledge` must succeed");
    }
}

/// Refuses a message, and counts the attempt.
pub(super) async fn refuse<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    message: &ReceivedMessage,
    due: Timestamp,
) {
    let refused = broker.refuse(group, message, due, true).await;
    refused.expect("`refuse` must succeed");
}

/// Refuses messages without counting the attempt. They are due at once.
pub(super) async fn refuse_uncounted<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    messages: &[ReceivedMessage],
) {
    for message in messages {
        let refused = broker.refuse(group, message, at_second(0), false).await;
        refused.expect("`refuse` must succeed without counting the attempt");
    }
}

pub(super) async fn backlog<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    topics: &[Topic],
) -> Backlog {
    let backlog = broker.backlog(group, topics).await;
    backlog.expect("`backlog` must succeed")
}

pub(super) async fn trim<B: Broker + ?Sized>(broker: &B, topic: &Topic, keep: usize) -> usize {
    let trimmed = broker.trim(topic, keep).await;
    trimmed.expect("`trim` must succeed")
}
