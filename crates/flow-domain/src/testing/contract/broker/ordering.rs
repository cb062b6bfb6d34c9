use crate::{
    port::{Broker, ReadRequest, ReceivedMessage},
    testing::contract::broker::fixture::{
        BACKFILL, COMMANDS, ORDERS, acknowledge, at_second, publish, read, read_attempts,
        read_numbers, refuse, refuse_uncounted, request, subscribe, with_time, with_topics,
    },
};

/// While a consumer holds a message, nobody receives the later messages of its stream, not even that
/// consumer. Messages of one stream can be delivered in the same read.
pub async fn held_message_blocks_its_stream<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    let held = read(broker, request("shipping", "a")).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    publish(broker, &ORDERS, "order-2", [4]).await;

    assert_eq!(
        held.len(),
        2,
        "one `read` must return both messages of the stream"
    );
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [4]);

    acknowledge(broker, "shipping", &held[..1]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [0; 0]);

    acknowledge(broker, "shipping", &held[1..]).await;
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [3]);
}

/// A refused message blocks the later messages of its stream until it is acknowledged.
///
/// It blocks no other stream.
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
    let limited_to_one = ReadRequest {
        limit: 1,
        ..with_time(10, request("shipping", "b"))
    };
    let redelivered = read(broker, limited_to_one).await;

    assert_eq!(streams_and_attempts(&others), ["order-2 1", "order-3 1"]);
    assert_eq!(streams_and_attempts(&redelivered), ["order-1 2"]);
    assert_eq!(redelivered[0].offset, failing[0].offset);
    assert_eq!(read_numbers(broker, limited_to_one).await, [0; 0]);

    acknowledge(broker, "shipping", &redelivered).await;
    let rest = with_time(10, request("shipping", "a"));
    assert_eq!(read_attempts(broker, rest).await, [(2, 1), (4, 1)]);
}

/// If a consumer refuses a message and the later messages of the same read, they are redelivered in
/// order. No later message is redelivered before the first refused one.
pub async fn refused_batch_is_redelivered_in_order<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let messages = read(broker, request("shipping", "a")).await;

    acknowledge(broker, "shipping", &messages[..1]).await;
    refuse(broker, "shipping", &messages[1], at_second(10)).await;
    let early = with_time(5, request("shipping", "b"));
    assert_eq!(read_attempts(broker, early).await, []);
    refuse_uncounted(broker, "shipping", &messages[2..]).await;

    assert_eq!(read_attempts(broker, early).await, []);
    let due = with_time(10, request("shipping", "b"));
    assert_eq!(read_attempts(broker, due).await, [(2, 2), (3, 1)]);
}

/// A read keeps the order of a stream across all topics of the request. Other topics do not matter.
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

/// A message that waits for a message of another topic is delivered by a read without that topic.
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

    let limited_to_one = ReadRequest {
        limit: 1,
        ..request("shipping", "b")
    };
    assert_eq!(read_numbers(broker, limited_to_one).await, [3]);
    assert_eq!(read_numbers(broker, limited_to_one).await, [4]);
    assert_eq!(read_numbers(broker, limited_to_one).await, [0; 0]);
}

/// In an unordered read, no message waits for another, even if it waited in an ordered read before.
pub async fn unordered_read_is_never_blocked<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2, 3]).await;
    let limited_to_one = |consumer| ReadRequest {
        ordered: false,
        limit: 1,
        ..request("shipping", consumer)
    };
    let failing = read(broker, limited_to_one("a")).await;

    assert_eq!(read_numbers(broker, limited_to_one("b")).await, [2]);
    assert_eq!(read_numbers(broker, request("shipping", "b")).await, [0; 0]);

    refuse(broker, "shipping", &failing[0], at_second(10)).await;
    assert_eq!(read_numbers(broker, limited_to_one("a")).await, [3]);
    assert_eq!(read_numbers(broker, limited_to_one("a")).await, [0; 0]);
    assert_eq!(
        read_attempts(broker, with_time(10, limited_to_one("a"))).await,
        [(1, 2)]
    );
}

fn streams_and_attempts(messages: &[ReceivedMessage]) -> Vec<String> {
    messages
        .iter()
        .map(|message| format!("{} {}", message.envelope.metadata.stream, message.attempt))
        .collect()
}
