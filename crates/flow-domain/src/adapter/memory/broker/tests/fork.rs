use std::{borrow::Cow, sync::Arc};

use crate::{
    adapter::memory::MemoryBroker,
    message::MessageKind,
    port::{Broker, Cursor, Lane, Publication, Topic},
    testing::contract::fixture::event,
};

const ORDER: Topic = Topic {
    category: Cow::Borrowed("order"),
    kind: MessageKind::Event,
    lane: Lane::Primary,
};

async fn publish(broker: &dyn Broker, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let publication = Publication {
            topic: ORDER,
            envelope: event(&format!("order-{number}"), number),
        };
        broker.publish(&[publication]).await.unwrap();
    }
}

fn cursors(place: u64) -> Vec<Cursor> {
    let cursor = |partition| Cursor {
        topic: 0,
        partition,
        place,
    };
    (0..MemoryBroker::default().n_partitions())
        .map(cursor)
        .collect()
}

async fn read_ids(broker: &dyn Broker) -> Vec<u128> {
    let read = broker.read(&[ORDER], &mut cursors(0), 99).await.unwrap();
    let ids = read
        .iter()
        .map(|message| message.envelope.metadata.id.as_uuid().as_u128());

    ids.collect()
}

fn fork(broker: &dyn Broker) -> Arc<dyn Broker> {
    broker.fork().expect("a memory broker can be forked")
}

#[tokio::test]
async fn forks_do_not_share_later_publications() {
    let broker = MemoryBroker::default();
    publish(&broker, [1, 2]).await;
    let forked = fork(&broker);

    publish(&broker, [3]).await;
    publish(&*forked, [4, 5]).await;

    assert_eq!(read_ids(&broker).await, [1, 2, 3]);
    assert_eq!(read_ids(&*forked).await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn forks_do_not_share_trims() {
    let broker = MemoryBroker::default();
    publish(&broker, [1, 2]).await;
    let forked = fork(&broker);

    assert_eq!(broker.trim(&ORDER, &cursors(2)).await.unwrap(), 2);

    assert_eq!(read_ids(&broker).await, [0; 0]);
    assert_eq!(read_ids(&*forked).await, [1, 2]);
}

#[tokio::test]
async fn fork_remembers_the_ids_of_its_origin() {
    let broker = MemoryBroker::default();
    publish(&broker, [1]).await;
    let forked = fork(&broker);

    publish(&*forked, [1, 2]).await;
    publish(&broker, [2]).await;

    assert_eq!(read_ids(&*forked).await, [1, 2]);
    assert_eq!(read_ids(&broker).await, [1, 2]);
}

#[tokio::test]
async fn fork_of_a_fork_has_all_earlier_messages() {
    let first = MemoryBroker::default();
    publish(&first, [1, 2]).await;
    let second = fork(&first);
    publish(&*second, [3]).await;
    let third = fork(&*second);
    publish(&*third, [4]).await;
    publish(&*second, [5]).await;
    let fourth = fork(&*third);
    drop(second);

    assert_eq!(read_ids(&*fourth).await, [1, 2, 3, 4]);
    assert_eq!(read_ids(&*third).await, [1, 2, 3, 4]);
    assert_eq!(read_ids(&first).await, [1, 2]);
}

#[tokio::test]
async fn read_follows_publication_across_partitions() {
    let broker = MemoryBroker::default();
    publish(&broker, 0..50).await;

    assert_eq!(read_ids(&broker).await, (0..50).collect::<Vec<_>>());
}

#[test]
fn fork_keeps_the_number_of_partitions() {
    let broker = MemoryBroker::with_partitions(3);

    assert_eq!(fork(&broker).n_partitions(), 3);
    assert_eq!(MemoryBroker::default().n_partitions(), 8);
    assert_eq!(MemoryBroker::with_partitions(0).n_partitions(), 1);
}
