use crate::{
    port::{Backlog, Broker},
    testing::contract::broker::fixture::{
        LEASE_SECONDS, ORDERS, PAYMENTS, acknowledge, at_second, backlog, publish, read,
        read_numbers, refuse, request, subscribe, trim, with_time, with_topics,
    },
};

/// A backlog counts unread, held and refused messages, and has the time of the next redelivery.
///
/// A message that waits for an earlier message counts as unread.
pub async fn backlog_counts_unfinished_messages<B: Broker + ?Sized>(broker: &B) {
    let orders = &[ORDERS];
    subscribe(broker, "shipping", orders).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2, 3]).await;
    let unread = Backlog::new(3, 0, 0, None);
    assert_eq!(backlog(broker, "shipping", orders).await, unread);

    let messages = read(broker, request("shipping", "a")).await;
    let held = Backlog::new(0, 3, 0, Some(at_second(LEASE_SECONDS)));
    assert_eq!(backlog(broker, "shipping", orders).await, held);

    acknowledge(broker, "shipping", &messages[1..2]).await;
    refuse(broker, "shipping", &messages[0], at_second(10)).await;
    publish(broker, &ORDERS, "order-1", [4]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [0; 0]);
    let refused = Backlog::new(1, 1, 1, Some(at_second(10)));
    assert_eq!(backlog(broker, "shipping", orders).await, refused);

    let redelivered = read(broker, with_time(20, request("shipping", "a"))).await;
    acknowledge(broker, "shipping", &redelivered).await;
    acknowledge(broker, "shipping", &messages[2..]).await;
    assert_eq!(
        backlog(broker, "shipping", orders).await,
        Backlog::default()
    );
}

/// A backlog counts the messages of one group, in the requested topics only.
pub async fn backlog_covers_only_requested_topics<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS, PAYMENTS]).await;
    subscribe(broker, "billing", &[PAYMENTS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    publish(broker, &PAYMENTS, "payment-1", [3]).await;
    read(broker, with_topics(&[PAYMENTS], request("shipping", "a"))).await;

    let held = Backlog::new(0, 1, 0, Some(at_second(LEASE_SECONDS)));
    let orders = Backlog::new(2, 0, 0, None);
    let both = Backlog::new(2, 1, 0, Some(at_second(LEASE_SECONDS)));
    let unread = Backlog::new(1, 0, 0, None);

    assert_eq!(backlog(broker, "shipping", &[PAYMENTS]).await, held);
    assert_eq!(backlog(broker, "shipping", &[ORDERS]).await, orders);
    assert_eq!(backlog(broker, "shipping", &[PAYMENTS, ORDERS]).await, both);
    assert_eq!(
        backlog(broker, "billing", &[ORDERS, PAYMENTS]).await,
        unread
    );
}

/// Trimming stops at the first message that a group has not acknowledged.
///
/// It does not matter whether the group holds it, has refused it, or has never read it.
pub async fn trim_keeps_unfinished_messages<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    subscribe(broker, "billing", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3, 4]).await;
    let shipping = read(broker, request("shipping", "a")).await;
    acknowledge(broker, "shipping", &shipping).await;
    assert_eq!(
        trim(broker, &ORDERS, 0).await,
        0,
        "`trim` must not delete messages that the group `billing` has not read"
    );

    let billing = read(broker, request("billing", "a")).await;
    acknowledge(broker, "billing", &billing[..1]).await;
    acknowledge(broker, "billing", &billing[2..3]).await;
    refuse(broker, "billing", &billing[1], at_second(0)).await;

    assert_eq!(trim(broker, &ORDERS, 0).await, 1);
    assert_eq!(trim(broker, &ORDERS, 0).await, 0);

    let redelivered = read(broker, with_time(LEASE_SECONDS, request("billing", "a"))).await;
    acknowledge(broker, "billing", &redelivered).await;
    assert_eq!(redelivered.len(), 2);
    assert_eq!(trim(broker, &ORDERS, 0).await, 3);

    publish(broker, &ORDERS, "order-1", [5]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [5]);
    assert_eq!(read_numbers(broker, request("billing", "a")).await, [5]);
}

/// Trimming keeps at least the last `keep` messages, and all messages of other topics.
///
/// A group that subscribes later starts with the oldest stored message.
pub async fn trim_keeps_the_last_messages<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, PAYMENTS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    publish(broker, &PAYMENTS, "payment-1", [4]).await;
    let both = |group| with_topics(topics, request(group, "a"));
    let messages = read(broker, both("shipping")).await;
    acknowledge(broker, "shipping", &messages).await;

    assert_eq!(trim(broker, &ORDERS, 5).await, 0);
    assert_eq!(trim(broker, &ORDERS, 2).await, 1);

    subscribe(broker, "billing", topics).await;
    assert_eq!(read_numbers(broker, both("billing")).await, [2, 3, 4]);
}
