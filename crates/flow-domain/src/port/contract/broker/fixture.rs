use std::{borrow::Cow, time::Duration};

use crate::{
    clock::{Timestamp, VirtualClock},
    message::MessageKind,
    port::{
        Backlog, Broker, Lane, Publication, ReadRequest, ReceivedMessage, StartFrom, Topic,
        contract::fixture::event,
    },
};

pub(super) const ORDERS: Topic = topic("order", MessageKind::Event, Lane::Primary);
pub(super) const COMMANDS: Topic = topic("order", MessageKind::Command, Lane::Primary);
pub(super) const BACKFILL: Topic = topic("order", MessageKind::Event, Lane::Backfill);
pub(super) const PAYMENTS: Topic = topic("payment", MessageKind::Event, Lane::Primary);

// A slice of a topic cannot be a constant, since a topic could own its name.
static ONLY_ORDERS: [Topic; 1] = [ORDERS];

/// How long what is handed out by [`by`] is held, in seconds.
pub(super) const LEASE_SECONDS: u64 = 30;

const fn topic(category: &'static str, kind: MessageKind, lane: Lane) -> Topic {
    Topic {
        category: Cow::Borrowed(category),
        kind,
        lane,
    }
}

/// The time so many seconds after the laws begin.
pub(super) fn at_second(n: u64) -> Timestamp {
    VirtualClock::START + Duration::from_secs(n)
}

/// The first read of all there is in [`ORDERS`], in order.
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

/// The same read, so many seconds after the laws begin.
pub(super) fn with_time(n: u64, read: ReadRequest<'_>) -> ReadRequest<'_> {
    ReadRequest {
        now: at_second(n),
        ..read
    }
}

/// The same read, of other topics.
pub(super) fn with_topics<'a>(topics: &'a [Topic], read: ReadRequest<'a>) -> ReadRequest<'a> {
    ReadRequest { topics, ..read }
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
    let published = published.expect("messages can be published");

    assert_eq!(published.len(), publications.len());
    for result in published {
        result.expect("a message can be published");
    }
}

pub(super) async fn subscribe<B: Broker + ?Sized>(broker: &B, group: &str, topics: &[Topic]) {
    let subscribed = broker.subscribe(group, topics, StartFrom::Beginning).await;
    subscribed.expect("a group can subscribe");
}

pub(super) async fn read<B: Broker + ?Sized>(
    broker: &B,
    wanted: ReadRequest<'_>,
) -> Vec<ReceivedMessage> {
    broker.read(&wanted).await.expect("a group can read")
}

/// Reads, and returns what [`event`] was given as numbers.
pub(super) async fn read_numbers<B: Broker + ?Sized>(
    broker: &B,
    wanted: ReadRequest<'_>,
) -> Vec<u64> {
    numbers(&read(broker, wanted).await)
}

/// Reads, and returns numbers and attempts.
pub(super) async fn read_attempts<B: Broker + ?Sized>(
    broker: &B,
    wanted: ReadRequest<'_>,
) -> Vec<(u64, u32)> {
    let handed = read(broker, wanted).await;
    let attempts = handed.iter().map(|it| it.attempt);
    numbers(&handed).into_iter().zip(attempts).collect()
}

/// Reads the one message that there must be.
pub(super) async fn read_one<B: Broker + ?Sized>(
    broker: &B,
    wanted: ReadRequest<'_>,
) -> ReceivedMessage {
    let mut handed = read(broker, wanted).await;
    assert_eq!(handed.len(), 1, "not one message: {handed:?}");
    handed.remove(0)
}

pub(super) fn numbers(handed: &[ReceivedMessage]) -> Vec<u64> {
    handed
        .iter()
        .map(|it| it.envelope.message.to_value())
        .filter_map(|value| value.as_u64())
        .collect()
}

pub(super) async fn acknowledge<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    handed: &[ReceivedMessage],
) {
    for handed in handed {
        let acknowledged = broker.acknowledge(group, handed).await;
        acknowledged.expect("a message can be acknowledged");
    }
}

/// Refuses after an attempt.
pub(super) async fn refuse<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    handed: &ReceivedMessage,
    due: Timestamp,
) {
    let refused = broker.refuse(group, handed, due, true).await;
    refused.expect("a message can be refused");
}

/// Gives back what was not looked at, to be handed out at once.
pub(super) async fn refuse_uncounted<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    handed: &[ReceivedMessage],
) {
    for handed in handed {
        let refused = broker.refuse(group, handed, at_second(0), false).await;
        refused.expect("a message can be given back");
    }
}

pub(super) async fn backlog<B: Broker + ?Sized>(
    broker: &B,
    group: &str,
    topics: &[Topic],
) -> Backlog {
    let backlog = broker.backlog(group, topics).await;
    backlog.expect("a backlog can be counted")
}

pub(super) async fn trim<B: Broker + ?Sized>(broker: &B, topic: &Topic, keep: usize) -> usize {
    let trimmed = broker.trim(topic, keep).await;
    trimmed.expect("a topic can be trimmed")
}
