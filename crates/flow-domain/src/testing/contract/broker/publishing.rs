use std::collections::BTreeMap;

use crate::{
    port::{Broker, Publication},
    testing::contract::{
        broker::fixture::{ORDERS, number, publish, publish_all, read_topic, sorted_numbers},
        fixture::{event, event_with_content},
    },
};

/// A partition keeps its messages in the order of publication.
pub async fn partition_keeps_the_order_of_publication<B: Broker + ?Sized>(broker: &B) {
    for batch in 0..10 {
        let publications = (0..20).map(|idx| Publication {
            topic: ORDERS,
            envelope: event(&format!("order-{}", idx % 7), batch * 20 + idx),
        });
        publish_all(broker, publications.collect()).await;
    }

    let mut last: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let read = read_topic(broker, ORDERS).await;
    assert_eq!(read.len(), 200);
    for message in &read {
        let found = (message.place, number(message));
        if let Some(before) = last.insert(message.partition, found) {
            assert!(before.0 < found.0, "places must grow within a partition");
            assert!(before.1 < found.1, "the order within a partition is lost");
        }
    }
}

/// All messages of a stream are in the partition that its name says.
pub async fn stream_stays_in_its_partition<B: Broker + ?Sized>(broker: &B) {
    for number in 0..50 {
        publish(broker, &ORDERS, &format!("order-{}", number % 10), [number]).await;
    }

    for message in read_topic(broker, ORDERS).await {
        let stream = &message.envelope.metadata.stream;
        let expected = stream.partition(broker.n_partitions());
        assert_eq!(message.partition, expected, "the partition of {stream}");
    }
}

/// A message that is published again under its id is not added again.
pub async fn republished_id_is_one_message<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", [1, 2]).await;

    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;

    assert_eq!(sorted_numbers(&read_topic(broker, ORDERS).await), [1, 2, 3]);
}

/// A message of 256 KiB comes back as it was published.
pub async fn large_message_comes_back_byte_for_byte<B: Broker + ?Sized>(broker: &B) {
    let json = format!("\"{}\"", "\u{e4}".repeat(128 * 1_024));
    let envelope = event_with_content("order-1", 1, &json);
    let publication = Publication {
        topic: ORDERS,
        envelope,
    };

    publish_all(broker, vec![publication.clone()]).await;

    let read = read_topic(broker, ORDERS).await;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].envelope, publication.envelope);
}
