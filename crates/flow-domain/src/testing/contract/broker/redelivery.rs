use crate::{
    port::Broker,
    testing::contract::broker::fixture::{
        LEASE_SECONDS, ORDERS, PAYMENTS, acknowledge, at_second, publish, read, read_attempts,
        read_numbers, read_one, refuse, refuse_uncounted, request, subscribe, with_time,
        with_topics,
    },
};

/// An acknowledged message is not redelivered, not even after the lease.
pub async fn acknowledged_message_is_not_redelivered<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2]).await;

    let messages = read(broker, request("shipping", "a")).await;
    acknowledge(broker, "shipping", &messages[1..]).await;

    let much_later = with_time(2 * LEASE_SECONDS, request("shipping", "a"));
    assert_eq!(read_numbers(broker, much_later).await, [1]);
}

/// To acknowledge or refuse an acknowledged message changes nothing.
pub async fn acknowledging_twice_is_no_error<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;

    let messages = read(broker, request("shipping", "a")).await;
    acknowledge(broker, "shipping", &messages[..1]).await;
    acknowledge(broker, "shipping", &messages[..1]).await;
    refuse(broker, "shipping", &messages[0], at_second(0)).await;

    let much_later = with_time(2 * LEASE_SECONDS, request("shipping", "a"));
    assert_eq!(read_numbers(broker, much_later).await, [2]);
}

/// A refused message is redelivered when it is due, as the next attempt.
///
/// A second refusal does not change the time. Other groups are not affected.
pub async fn refused_message_is_redelivered_when_due<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    subscribe(broker, "billing", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;

    let first = read_one(broker, request("shipping", "a")).await;
    refuse(broker, "shipping", &first, at_second(100)).await;
    refuse(broker, "shipping", &first, at_second(0)).await;

    let early = with_time(99, request("shipping", "a"));
    assert_eq!(read_attempts(broker, early).await, []);

    let second_attempt = read_one(broker, with_time(100, request("shipping", "b"))).await;
    assert_eq!(second_attempt.attempt, 2);
    assert_eq!(second_attempt.offset, first.offset);

    refuse(broker, "shipping", &second_attempt, at_second(0)).await;
    let at_once = with_time(100, request("shipping", "a"));
    assert_eq!(read_attempts(broker, at_once).await, [(1, 3)]);
    let other_group = with_time(100, request("billing", "a"));
    assert_eq!(read_attempts(broker, other_group).await, [(1, 1)]);
}

/// A message that was refused without counting the attempt is redelivered as the same attempt.
pub async fn uncounted_refusal_keeps_the_attempt<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;

    let first = read(broker, request("shipping", "a")).await;
    refuse_uncounted(broker, "shipping", &first).await;
    refuse_uncounted(broker, "shipping", &first).await;
    let redelivered = read_one(broker, request("shipping", "b")).await;

    assert_eq!(redelivered.attempt, 1);

    refuse(broker, "shipping", &redelivered, at_second(1)).await;
    let third = with_time(1, request("shipping", "a"));
    assert_eq!(read_attempts(broker, third).await, [(1, 2)]);
}

/// When a lease has ended, its messages are redelivered in the order of publication.
///
/// Each redelivery counts as one more attempt.
pub async fn expired_lease_redelivers_in_order<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, PAYMENTS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &PAYMENTS, "payment-1", [2]).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    let both = |consumer| with_topics(topics, request("shipping", consumer));
    assert_eq!(read_numbers(broker, both("dead")).await, [1, 2, 3]);
    publish(broker, &ORDERS, "order-2", [4]).await;

    let early = with_time(LEASE_SECONDS - 1, both("b"));
    assert_eq!(read_attempts(broker, early).await, [(4, 1)]);

    let late = with_time(LEASE_SECONDS, both("b"));
    assert_eq!(read_attempts(broker, late).await, [(1, 2), (2, 2), (3, 2)]);
    assert_eq!(read_attempts(broker, late).await, []);
}

/// A consumer can acknowledge a message after its lease, even if another consumer holds it now.
///
/// Then the message is not redelivered.
pub async fn late_acknowledgement_wins<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let slow = read(broker, request("shipping", "slow")).await;
    let taken_over = read_one(broker, with_time(LEASE_SECONDS, request("shipping", "b"))).await;

    acknowledge(broker, "shipping", &slow).await;
    refuse(broker, "shipping", &taken_over, at_second(0)).await;

    let much_later = with_time(3 * LEASE_SECONDS, request("shipping", "c"));
    assert_eq!(read_numbers(broker, much_later).await, [0; 0]);
}

/// After its lease, a consumer cannot refuse a message that another consumer holds now.
pub async fn late_refusal_changes_nothing<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let slow = read_one(broker, request("shipping", "slow")).await;
    let taken_over = read(broker, with_time(LEASE_SECONDS, request("shipping", "b"))).await;

    refuse(broker, "shipping", &slow, at_second(0)).await;

    let meanwhile = with_time(LEASE_SECONDS, request("shipping", "c"));
    assert_eq!(read_numbers(broker, meanwhile).await, [0; 0]);

    acknowledge(broker, "shipping", &taken_over).await;
    let much_later = with_time(3 * LEASE_SECONDS, request("shipping", "c"));
    assert_eq!(read_numbers(broker, much_later).await, [0; 0]);
}
