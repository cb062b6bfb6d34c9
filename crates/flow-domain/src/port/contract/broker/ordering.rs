use crate::port::{
    Broker, ReadRequest, ReceivedMessage,
    contract::broker::fixture::{
        BACKFILL, COMMANDS, ORDERS, acknowledge, at_second, publish, read, read_attempts,
        read_numbers, refuse, refuse_uncounted, request, subscribe, with_time, with_topics,
    },
};

/// While somebody holds a message, the later ones of its stream are handed to nobody, not even to them;
/// those that were handed out with it are.
pub async fn held_message_blocks_its_stream<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    let held = read(broker, request("shipping", "a")).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    publish(broker, &ORDERS, "order-2", [4]).await;

    assert_eq!(held.len(), 2, "a stream is handed out together");
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [4]);
    acknowledge(broker, "shipping", &held[..1]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [0; 0]);
    acknowledge(broker, "shipping", &held[1..]).await;
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [3]);
}

/// A message that was refused holds up the later ones of its stream until it is done with, and no
/// other stream.
pub async fn refused_message_blocks_only_its_stream<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    let failing = read(broker, request("shipping", "a")).await;
    refuse(broker, "shipping", &failing[0], at_second(10)).await;
    publish(broker, &ORDERS, "order-1", [2]).await;
    publish(broker, &ORDERS, "order-2", [3]).await;
    publish(broker, &ORDERS, "order-1", [4]).await;
    publish(broker, &ORDERS, "order-3", [5]).await;

    let others = read(broker, with_time(1, request("shipping", "a"))).await;
    acknowledge(broker, "shipping", &others).await;
    let one = ReadRequest {
        limit: 1,
        ..with_time(10, request("shipping", "b"))
    };
    let again = read(broker, one).await;

    assert_eq!(
        others.iter().map(|it| it.attempt).collect::<Vec<_>>(),
        [1, 1]
    );
    let id = |it: &ReceivedMessage| it.envelope.metadata.stream.to_string();
    assert_eq!(
        others.iter().map(id).collect::<Vec<_>>(),
        ["order-2", "order-3"]
    );
    assert_eq!(again.iter().map(|it| it.attempt).collect::<Vec<_>>(), [2]);
    assert_eq!(again[0].offset, failing[0].offset);
    assert_eq!(read_numbers(broker, one).await, [0; 0]);
    acknowledge(broker, "shipping", &again).await;
    let rest = with_time(10, request("shipping", "a"));
    assert_eq!(read_attempts(broker, rest).await, [(2, 1), (4, 1)]);
}

/// Of messages that were handed out together, one is refused and those after it are given back: they
/// come again in order, with the one that was refused, and never before it.
pub async fn refused_batch_is_redelivered_in_order<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let handed = read(broker, request("shipping", "a")).await;

    acknowledge(broker, "shipping", &handed[..1]).await;
    refuse(broker, "shipping", &handed[1], at_second(10)).await;
    let early = with_time(5, request("shipping", "b"));
    assert_eq!(read_attempts(broker, early).await, []);
    refuse_uncounted(broker, "shipping", &handed[2..]).await;

    assert_eq!(read_attempts(broker, early).await, []);
    let due = with_time(10, request("shipping", "b"));
    assert_eq!(read_attempts(broker, due).await, [(2, 2), (3, 1)]);
}

/// Order holds across the topics of a read, and not beyond them.
pub async fn stream_is_in_order_across_topics<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS, COMMANDS, BACKFILL]).await;
    publish(broker, &BACKFILL, "order-1", [1]).await;
    publish(broker, &COMMANDS, "order-1", [2]).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    let a = request("shipping", "a");
    let commands = read(broker, with_topics(&[COMMANDS], a)).await;

    let topics = &[ORDERS, COMMANDS];
    let both = with_topics(topics, a);

    assert_eq!(read_numbers(broker, both).await, [0; 0]);
    acknowledge(broker, "shipping", &commands).await;
    assert_eq!(read_numbers(broker, both).await, [3]);
    assert_eq!(read_numbers(broker, with_topics(&[BACKFILL], a)).await, [1]);
    publish(broker, &COMMANDS, "order-1", [4]).await;
    assert_eq!(read_numbers(broker, both).await, [0; 0]);
    assert_eq!(read_numbers(broker, with_topics(&[COMMANDS], a)).await, [4]);
}

/// What waits in a read of several topics for a message of another topic does not in a read without that.
pub async fn narrower_read_is_not_blocked_by_other_topics<B: Broker + ?Sized>(broker: &B) {
    let topics = &[ORDERS, COMMANDS];
    subscribe(broker, "shipping", topics).await;
    publish(broker, &COMMANDS, "order-1", [1]).await;
    publish(broker, &COMMANDS, "order-2", [2]).await;
    let both = with_topics(topics, request("shipping", "a"));
    assert_eq!(read_numbers(broker, both).await, [1, 2]);
    publish(broker, &ORDERS, "order-1", [3]).await;
    publish(broker, &ORDERS, "order-2", [4]).await;
    assert_eq!(read_numbers(broker, both).await, [0; 0]);

    let one = ReadRequest {
        limit: 1,
        ..request("shipping", "b")
    };

    assert_eq!(read_numbers(broker, one).await, [3]);
    assert_eq!(read_numbers(broker, one).await, [4]);
    assert_eq!(read_numbers(broker, one).await, [0; 0]);
}

/// Without order, no message waits for another, not even one that had to wait in an ordered read.
pub async fn unordered_read_is_never_blocked<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let one = |consumer| ReadRequest {
        ordered: false,
        limit: 1,
        ..request("shipping", consumer)
    };
    let failing = read(broker, one("a")).await;

    assert_eq!(read_numbers(broker, one("b")).await, [2]);
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [0; 0]);
    refuse(broker, "shipping", &failing[0], at_second(10)).await;
    assert_eq!(read_numbers(broker, one("a")).await, [3]);
    assert_eq!(read_numbers(broker, one("a")).await, [0; 0]);
    assert_eq!(
        read_attempts(broker, with_time(10, one("a"))).await,
        [(1, 2)]
    );
}
