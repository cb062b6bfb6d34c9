use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    message::MessageKind,
    port::{Broker, Lane, Publication, ReadRequest, ReceivedMessage, Topic},
    testing::contract::fixture::event,
};

pub(in crate::adapter::memory::broker) const ORDER: Topic = topic("order", Lane::Primary);
pub(super) static TOPICS: [Topic; 2] = [ORDER, topic("payment", Lane::Backfill)];

const fn topic(category: &'static str, lane: Lane) -> Topic {
    Topic {
        category: Cow::Borrowed(category),
        kind: MessageKind::Event,
        lane,
    }
}

pub(super) fn request(group: &str, ordered: bool, now: Timestamp, limit: usize) -> ReadRequest<'_> {
    ReadRequest {
        group,
        consumer: "a",
        topics: &TOPICS,
        ordered,
        now,
        lease: Duration::from_secs(30),
        limit,
    }
}

pub(super) fn publication(topic: &Topic, stream: &str, number: u32) -> Publication {
    Publication {
        topic: topic.clone(),
        envelope: event(stream, number),
    }
}

pub(super) async fn publish(broker: &dyn Broker, stream: &str, number: u32) {
    let publications = [publication(&ORDER, stream, number)];
    broker.publish(&publications).await.unwrap();
}

pub(super) fn id(message: &ReceivedMessage) -> u128 {
    message.envelope.metadata.id.as_uuid().as_u128()
}

pub(super) fn fork(broker: &dyn Broker) -> Arc<dyn Broker> {
    broker.fork().expect("a memory broker can be forked")
}
