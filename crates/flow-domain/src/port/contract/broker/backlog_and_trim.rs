use crate::port::{
    Backlog, Broker,
    contract::broker::fixture::{
        LEASE_SECONDS, ORDERS, PAYMENTS, acknowledge, at_second, backlog, publish, read,
        read_numbers, refuse, request, subscribe, trim, with_time, with_topics,
    },
};

/// A backlog counts what was never handed out, whether it waits for an earlier one or not, what is
/// held and what is refused; and tells when the first of those can come again.
pub async fn backlog_counts_unfinished_messages<B: Broker + ?Sized>(broker: &B) {
    let orders = &[ORDERS];
    subscribe(broker, "shipping", orders).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2, 3]).await;
    let unread = Backlog::new(3, 0, 0, None);
    assert_eq!(backlog(broker, "shipping", orders).await, unread);

    let handed = read(broker, request("shipping", "a")).await;
    let held = Backlog::new(0, 3, 0, Some(at_second(LEASE_SECONDS)));

    assert_eq!(backlog(broker, "shipping", orders).await, held);

    acknowledge(broker, "shipping", &handed[1..2]).await;
    refuse(broker, "shipping", &handed[0], at_second(10)).await;
    publish(broker, &ORDERS, "order-1", [4]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [0; 0]);
    let refused = Backlog::new(1, 1, 1, Some(at_second(10)));
    assert_eq!(backlog(broker, "shipping", orders).await, refused);

    let again = read(broker, with_time(20, request("shipping", "a"))).await;
    acknowledge(broker, "shipping", &again).await;
    acknowledge(broker, "shipping", &handed[2..]).await;
    assert_eq!(
        backlog(broker, "shipping", orders).await,
        Backlog::default()
    );
}

/// A backlog is that of one group, and of the topics that were asked for.
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
    let billing = backlog(broker, "billing", &[ORDERS, PAYMENTS]).await;
    assert_eq!(billing, unread);
}

/// Trimming forgets what all groups have done with, up to the first message that one of them has not:
/// one that it never read, holds, or refused.
pub async fn trim_keeps_unfinished_messages<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    subscribe(broker, "billing", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3, 4]).await;
    let shipping = read(broker, request("shipping", "a")).await;
    acknowledge(broker, "shipping", &shipping).await;
    assert_eq!(
        trim(broker, &ORDERS, 0).await,
        0,
        "billing has read nothing"
    );

    let billing = read(broker, request("billing", "a")).await;
    acknowledge(broker, "billing", &billing[..1]).await;
    acknowledge(broker, "billing", &billing[2..3]).await;
    refuse(broker, "billing", &billing[1], at_second(0)).await;

    assert_eq!(trim(broker, &ORDERS, 0).await, 1);
    assert_eq!(trim(broker, &ORDERS, 0).await, 0);
    let again = read(broker, with_time(LEASE_SECONDS, request("billing", "a"))).await;
    acknowledge(broker, "billing", &again).await;
    assert_eq!(again.len(), 2);
    assert_eq!(trim(broker, &ORDERS, 0).await, 3);
    publish(broker, &ORDERS, "order-1", [5]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [5]);
    assert_eq!(read_numbers(broker, request("billing", "a")).await, [5]);
}

/// Trimming leaves at least the last messages, and those of other topics; a group that comes later
/// begins with what is left.
pub async fn trim_keeps_the_last_messages<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, PAYMENTS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    publish(broker, &PAYMENTS, "payment-1", [4]).await;
    let wanted = |group| with_topics(topics, request(group, "a"));
    let handed = read(broker, wanted("shipping")).await;

    acknowledge(broker, "shipping", &handed).await;

    assert_eq!(trim(broker, &ORDERS, 5).await, 0);
    assert_eq!(trim(broker, &ORDERS, 2).await, 1);

    subscribe(broker, "billing", topics).await;
    assert_eq!(read_numbers(broker, wanted("billing")).await, [2, 3, 4]);
}
