use crate::{
    adapter::memory::{
        MemoryBroker,
        broker::tests::fixture::{ORDER, TOPICS, fork, id, publish, request},
    },
    clock::VirtualClock,
    port::{Backlog, Broker, ReceivedMessage, StartFrom},
};

async fn read(broker: &dyn Broker) -> Vec<ReceivedMessage> {
    let wanted = request("shipping", true, VirtualClock::START, 9);
    broker.read(&wanted).await.unwrap()
}

async fn read_ids(broker: &dyn Broker) -> Vec<u128> {
    read(broker).await.iter().map(id).collect()
}

async fn backlog(broker: &dyn Broker) -> Backlog {
    broker.backlog("shipping", &TOPICS).await.unwrap()
}

/// A broker with two messages, of which nothing was read.
async fn broker_with_two_messages() -> MemoryBroker {
    let broker = MemoryBroker::default();
    let from = StartFrom::Beginning;
    broker.subscribe("shipping", &TOPICS, from).await.unwrap();
    publish(&broker, "order-1", 1).await;
    publish(&broker, "order-2", 2).await;
    broker
}

#[tokio::test]
async fn forks_do_not_share_later_publications() {
    let one = broker_with_two_messages().await;
    let other = fork(&one);

    publish(&one, "order-3", 3).await;
    publish(&*other, "order-4", 4).await;
    publish(&*other, "order-5", 5).await;

    assert_eq!(read_ids(&one).await, [1, 2, 3]);
    assert_eq!(read_ids(&*other).await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn forks_do_not_share_reads_or_acknowledgements() {
    let one = broker_with_two_messages().await;
    let other = fork(&one);

    let handed = read(&one).await;
    one.acknowledge("shipping", &handed[0]).await.unwrap();

    assert_eq!(backlog(&one).await.held, 1);
    assert_eq!(backlog(&*other).await, Backlog::new(2, 0, 0, None));
    let handed = read(&*other).await;
    other.acknowledge("shipping", &handed[0]).await.unwrap();
    other.acknowledge("shipping", &handed[1]).await.unwrap();
    assert_eq!(backlog(&one).await.held, 1);
    assert_eq!(backlog(&*other).await, Backlog::default());
}

#[tokio::test]
async fn forks_refuse_held_messages_independently() {
    let one = broker_with_two_messages().await;
    let held = read(&one).await;
    let other = fork(&one);

    let now = VirtualClock::START;
    let refused = one.refuse("shipping", &held[0], now, true);

    refused.await.unwrap();

    assert_eq!(backlog(&*other).await.refused, 0);
    assert_eq!(read_ids(&*other).await, [0; 0]);
    assert_eq!(read_ids(&one).await, [1]);
    other.acknowledge("shipping", &held[0]).await.unwrap();
    other.acknowledge("shipping", &held[1]).await.unwrap();
    assert_eq!(backlog(&one).await.held, 2);
}

#[tokio::test]
async fn forks_do_not_share_trims_or_new_groups() {
    let one = broker_with_two_messages().await;
    let other = fork(&one);

    let handed = read(&one).await;
    for handed in &handed {
        one.acknowledge("shipping", handed).await.unwrap();
    }

    assert_eq!(one.trim(&ORDER, 0).await.unwrap(), 2);
    let from = StartFrom::Beginning;
    one.subscribe("billing", &TOPICS, from).await.unwrap();

    assert_eq!(read_ids(&*other).await, [1, 2]);
    let billing = request("billing", true, VirtualClock::START, 9);
    publish(&*other, "order-3", 3).await;
    assert_eq!(other.read(&billing).await.unwrap(), []);
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
