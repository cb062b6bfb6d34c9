use crate::port::{
    Broker, Handed, Read,
    contract::broker::fixture::{
        BACKFILL, COMMANDS, ORDERS, acknowledge, by, from, give_back, later, publish, read,
        read_attempts, read_numbers, refuse, second, subscribe,
    },
};

/// While somebody holds a message, the later ones of its stream are handed to nobody, not even to them;
/// those that were handed out with it are.
pub async fn a_stream_waits_for_what_is_held<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    let held = read(broker, by("shipping", "a")).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    publish(broker, &ORDERS, "order-2", [4]).await;

    assert_eq!(held.len(), 2, "a stream is handed out together");
    assert_eq!(read_numbers(broker, by("shipping", "b")).await, [4]);
    acknowledge(broker, "shipping", &held[..1]).await;
    assert_eq!(read_numbers(broker, by("shipping", "a")).await, [0; 0]);
    acknowledge(broker, "shipping", &held[1..]).await;
    assert_eq!(read_numbers(broker, by("shipping", "b")).await, [3]);
}

/// A message that was refused holds up the later ones of its stream until it is done with, and no
/// other stream.
pub async fn a_failing_message_holds_up_its_stream_alone<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let failing = read(broker, by("shipping", "a")).await;
    refuse(broker, "shipping", &failing[0], second(10)).await;
    publish(broker, &ORDERS, "order-1", [2]).await;
    publish(broker, &ORDERS, "order-2", [3]).await;
    publish(broker, &ORDERS, "order-1", [4]).await;
    publish(broker, &ORDERS, "order-3", [5]).await;

    let others = read(broker, later(1, by("shipping", "a"))).await;
    acknowledge(broker, "shipping", &others).await;
    let one = Read {
        limit: 1,
        ..later(10, by("shipping", "b"))
    };
    let again = read(broker, one).await;

    assert_eq!(
        others.iter().map(|it| it.attempt).collect::<Vec<_>>(),
        [1, 1]
    );
    let id = |it: &Handed| it.envelope.metadata.stream.to_string();
    assert_eq!(
        others.iter().map(id).collect::<Vec<_>>(),
        ["order-2", "order-3"]
    );
    assert_eq!(again.iter().map(|it| it.attempt).collect::<Vec<_>>(), [2]);
    assert_eq!(again[0].place, failing[0].place);
    assert_eq!(read_numbers(broker, one).await, [0; 0]);
    acknowledge(broker, "shipping", &again).await;
    let rest = later(10, by("shipping", "a"));
    assert_eq!(read_attempts(broker, rest).await, [(2, 1), (4, 1)]);
}

/// Of messages that were handed out together, one is refused and those after it are given back: they
/// come again in order, with the one that was refused, and never before it.
pub async fn what_was_refused_together_comes_again_in_order<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let handed = read(broker, by("shipping", "a")).await;

    acknowledge(broker, "shipping", &handed[..1]).await;
    refuse(broker, "shipping", &handed[1], second(10)).await;
    let early = later(5, by("shipping", "b"));
    assert_eq!(read_attempts(broker, early).await, []);
    give_back(broker, "shipping", &handed[2..]).await;

    assert_eq!(read_attempts(broker, early).await, []);
    let due = later(10, by("shipping", "b"));
    assert_eq!(read_attempts(broker, due).await, [(2, 2), (3, 1)]);
}

/// Order holds across the topics of a read, and not beyond them.
pub async fn a_stream_is_in_order_across_topics<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS, COMMANDS, BACKFILL]).await;
    publish(broker, &BACKFILL, "order-1", [1]).await;
    publish(broker, &COMMANDS, "order-1", [2]).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    let a = by("shipping", "a");
    let commands = read(broker, from(&[COMMANDS], a)).await;

    let topics = &[ORDERS, COMMANDS];
    let both = from(topics, a);
    assert_eq!(read_numbers(broker, both).await, [0; 0]);
    acknowledge(broker, "shipping", &commands).await;
    assert_eq!(read_numbers(broker, both).await, [3]);
    assert_eq!(read_numbers(broker, from(&[BACKFILL], a)).await, [1]);
    publish(broker, &COMMANDS, "order-1", [4]).await;
    assert_eq!(read_numbers(broker, both).await, [0; 0]);
    assert_eq!(read_numbers(broker, from(&[COMMANDS], a)).await, [4]);
}

/// What waits in a read of several topics for a message of another topic does not in a read without that.
pub async fn what_waits_for_another_topic_is_free_without_it<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, COMMANDS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &COMMANDS, "order-1", [1]).await;
    publish(broker, &COMMANDS, "order-2", [2]).await;
    let both = from(topics, by("shipping", "a"));
    assert_eq!(read_numbers(broker, both).await, [1, 2]);
    publish(broker, &ORDERS, "order-1", [3]).await;
    publish(broker, &ORDERS, "order-2", [4]).await;
    assert_eq!(read_numbers(broker, both).await, [0; 0]);

    let one = Read {
        limit: 1,
        ..by("shipping", "b")
    };

    assert_eq!(read_numbers(broker, one).await, [3]);
    assert_eq!(read_numbers(broker, one).await, [4]);
    assert_eq!(read_numbers(broker, one).await, [0; 0]);
}

/// Without order, no message waits for another, not even one that had to wait in an ordered read.
pub async fn without_order_nothing_is_held_up<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let one = |consumer| Read {
        ordered: false,
        limit: 1,
        ..by("shipping", consumer)
    };
    let failing = read(broker, one("a")).await;

    assert_eq!(read_numbers(broker, one("b")).await, [2]);
    assert_eq!(read_numbers(broker, by("shipping", "b")).await, [0; 0]);
    refuse(broker, "shipping", &failing[0], second(10)).await;
    assert_eq!(read_numbers(broker, one("a")).await, [3]);
    assert_eq!(read_numbers(broker, one("a")).await, [0; 0]);
    assert_eq!(read_attempts(broker, later(10, one("a"))).await, [(1, 2)]);
}
