use crate::{
    adapter::memory::{
        MemoryBroker,
        broker::tests::fixture::{ORDER, TOPICS, fork, id, publish, request},
    },
    clock::VirtualClock,
    port::{Backlog, Broker, ReceivedMessage, StartFrom},
};

async fn read(broker: &dyn Broker) -> Vec<ReceivedMessage> {
    let request = request("shipping", true, VirtualClock::START, 9);
    broker.read(&request).await.unwrap()
}

async fn read_ids(broker: &dyn Broker) -> Vec<u128> {
    read(broker).await.iter().map(id).collect()
}

async fn backlog(broker: &dyn Broker) -> Backlog {
    broker.backlog("shipping", &TOPICS).await.unwrap()
}

/// Makes a broker with two unread messages.
async fn broker_with_two_messages() -> MemoryBroker {
    let broker = MemoryBroker::default();
    let start = StartFrom::Beginning;
    broker.subscribe("shipping", &TOPICS, start).await.unwrap();
    publish(&broker, "order-1", 1).await;
    publish(&broker, "order-2", 2).await;
    broker
}

#[tokio::test]
async fn forks_do_not_share_later_publications() {
    let broker = broker_with_two_messages().await;
    let forked = fork(&broker);

    publish(&broker, "order-3", 3).await;
    publish(&*forked, "order-4", 4).await;
    publish(&*forked, "order-5", 5).await;

    assert_eq!(read_ids(&broker).await, [1, 2, 3]);
    assert_eq!(read_ids(&*forked).await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn forks_do_not_share_reads_or_acknowledgements() {
    let broker = broker_with_two_messages().await;
    let forked = fork(&broker);

    let messages = read(&broker).await;
    broker.acknowledge("shipping", &messages[0]).await.unwrap();

    assert_eq!(backlog(&broker).await.held, 1);
    assert_eq!(backlog(&*forked).await, Backlog::new(2, 0, 0, None));

    let messages = read(&*forked).await;
    forked.acknowledge("shipping", &messages[0]).await.unwrap();
    forked.acknowledge("shipping", &messages[1]).await.unwrap();
    assert_eq!(backlog(&broker).await.held, 1);
    assert_eq!(backlog(&*forked).await, Backlog::default());
}

#[tokio::test]
async fn forks_refuse_held_messages_independently() {
    let broker = broker_with_two_messages().await;
    let held = read(&broker).await;
    let forked = fork(&broker);

    let now = VirtualClock::START;
    let refused = broker.refuse("shipping", &held[0], now, true);
    refused.await.unwrap();

    assert_eq!(backlog(&*forked).await.refused, 0);
    assert_eq!(read_ids(&*forked).await, [0; 0]);
    assert_eq!(read_ids(&broker).await, [1]);

    forked.acknowledge("shipping", &held[0]).await.unwrap();
    forked.acknowledge("shipping", &held[1]).await.unwrap();
    assert_eq!(backlog(&broker).await.held, 2);
}

#[tokio::test]
async fn forks_do_not_share_trims_or_new_groups() {
    let broker = broker_with_two_messages().await;
    let forked = fork(&broker);

    let messages = read(&broker).await;
    for message in &messages {
        broker.acknowledge("shipping", message).await.unwrap();
    }
    assert_eq!(broker.trim(&ORDER, 0).await.unwrap(), 2);
    let start = StartFrom::Beginning;
    broker.subscribe("billing", &TOPICS, start).await.unwrap();

    assert_eq!(read_ids(&*forked).await, [1, 2]);
    let billing = request("billing", true, VirtualClock::START, 9);
    publish(&*forked, "order-3", 3).await;
    assert_eq!(forked.read(&billing).await.unwrap(), []);
}

#[tokio::test]
async fn fork_of_a_fork_has_all_earlier_messages() {
    let first = broker_with_two_messages().await;
    let second = fork(&first);
    publish(&*second, "order-3", 3).await;
    let third = fork(&*second);
    publish(&*third, "order-4", 4).await;
    publish(&*second, "order-5", 5).await;
    let fourth = fork(&*third);
    drop(second);

    assert_eq!(read_ids(&*fourth).await, [1, 2, 3, 4]);
    assert_eq!(read_ids(&*third).await, [1, 2, 3, 4]);
    assert_eq!(read_ids(&first).await, [1, 2]);
}
