use crate::port::{
    Broker,
    contract::broker::fixture::{
        LEASE, ORDERS, PAYMENTS, acknowledge, by, from, give_back, later, publish, read,
        read_attempts, read_numbers, read_one, refuse, second, subscribe,
    },
};

/// What a group acknowledged does not come again, not even after the lease.
pub async fn what_is_acknowledged_is_not_handed_out_again<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2]).await;

    let handed = read(broker, by("shipping", "a")).await;
    acknowledge(broker, "shipping", &handed[1..]).await;

    let much_later = later(2 * LEASE, by("shipping", "a"));
    assert_eq!(read_numbers(broker, much_later).await, [1]);
}

/// Acknowledging what is acknowledged changes nothing, and neither does refusing it.
pub async fn acknowledging_twice_is_no_error<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;

    let handed = read(broker, by("shipping", "a")).await;
    acknowledge(broker, "shipping", &handed[..1]).await;
    acknowledge(broker, "shipping", &handed[..1]).await;
    refuse(broker, "shipping", &handed[0], second(0)).await;

    let much_later = later(2 * LEASE, by("shipping", "a"));
    assert_eq!(read_numbers(broker, much_later).await, [2]);
}

/// What is refused comes again when it is due and not before, as the next attempt; refusing it once
/// more does not change when, and to the other groups it makes no difference.
pub async fn what_is_refused_comes_again_at_its_time<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    subscribe(broker, "billing", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;

    let first = read_one(broker, by("shipping", "a")).await;
    refuse(broker, "shipping", &first, second(100)).await;
    refuse(broker, "shipping", &first, second(0)).await;

    let early = later(99, by("shipping", "a"));
    assert_eq!(read_attempts(broker, early).await, []);
    let second_attempt = read_one(broker, later(100, by("shipping", "b"))).await;
    assert_eq!(second_attempt.attempt, 2);
    assert_eq!(second_attempt.place, first.place);
    refuse(broker, "shipping", &second_attempt, second(0)).await;
    let at_once = later(100, by("shipping", "a"));
    assert_eq!(read_attempts(broker, at_once).await, [(1, 3)]);
    let other = later(100, by("billing", "a"));
    assert_eq!(read_attempts(broker, other).await, [(1, 1)]);
}

/// What was given back without having been looked at comes again as the same attempt.
pub async fn a_refusal_that_does_not_count_keeps_the_attempt<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;

    let first = read(broker, by("shipping", "a")).await;
    give_back(broker, "shipping", &first).await;
    give_back(broker, "shipping", &first).await;
    let again = read_one(broker, by("shipping", "b")).await;

    assert_eq!(again.attempt, 1);
    refuse(broker, "shipping", &again, second(1)).await;
    let third = later(1, by("shipping", "a"));
    assert_eq!(read_attempts(broker, third).await, [(1, 2)]);
}

/// When a lease has ended, what was handed out under it comes again, in the order of publication, and
/// is an attempt more.
pub async fn what_a_dead_consumer_held_comes_again_in_order<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, PAYMENTS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &PAYMENTS, "payment-1", [2]).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    let from_both = |consumer| from(topics, by("shipping", consumer));
    assert_eq!(read_numbers(broker, from_both("dead")).await, [1, 2, 3]);
    publish(broker, &ORDERS, "order-2", [4]).await;

    let early = later(LEASE - 1, from_both("b"));
    let late = later(LEASE, from_both("b"));

    assert_eq!(read_attempts(broker, early).await, [(4, 1)]);
    let again = [(1, 2), (2, 2), (3, 2)];
    assert_eq!(read_attempts(broker, late).await, again);
    assert_eq!(read_attempts(broker, late).await, []);
}

/// Who was taken for dead and has done the work after all may say so: the message does not come again,
/// though somebody else holds it now.
pub async fn a_late_acknowledgement_wins<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let slow = read(broker, by("shipping", "slow")).await;
    let taken_over = read_one(broker, later(LEASE, by("shipping", "b"))).await;

    acknowledge(broker, "shipping", &slow).await;
    refuse(broker, "shipping", &taken_over, second(0)).await;

    let much_later = later(3 * LEASE, by("shipping", "c"));
    assert_eq!(read_numbers(broker, much_later).await, [0; 0]);
}

/// Who was taken for dead cannot give away what somebody else holds by now.
pub async fn a_late_refusal_changes_nothing<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let slow = read_one(broker, by("shipping", "slow")).await;
    let taken_over = read(broker, later(LEASE, by("shipping", "b"))).await;

    refuse(broker, "shipping", &slow, second(0)).await;

    let meanwhile = later(LEASE, by("shipping", "c"));
    assert_eq!(read_numbers(broker, meanwhile).await, [0; 0]);
    acknowledge(broker, "shipping", &taken_over).await;
    let much_later = later(3 * LEASE, by("shipping", "c"));
    assert_eq!(read_numbers(broker, much_later).await, [0; 0]);
}
