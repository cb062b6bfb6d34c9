use crate::{
    port::Broker,
    testing::contract::{
        broker::fixture::{
            BACKFILL, COMMANDS, ORDERS, PAYMENTS, cursors, publish, read, read_all, read_topic,
            sorted_numbers,
        },
        fixture::{event, stream},
    },
};

/// A message comes back with its metadata and its content.
pub async fn read_returns_what_was_published<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", [1]).await;

    let read = read_topic(broker, ORDERS).await;

    assert_eq!(read.len(), 1);
    assert_eq!(read[0].envelope, event("order-1", 1));
    assert!(0 < read[0].place, "the place 0 is before the first message");
}

/// A read returns at most `limit` messages, and the next one continues behind them.
pub async fn read_is_limited_and_continues<B: Broker + ?Sized>(broker: &B) {
    for number in 0..30 {
        publish(broker, &ORDERS, &format!("order-{number}"), [number]).await;
    }

    let (topics, mut cursors) = ([ORDERS], cursors(broker, 1));
    let mut all = Vec::new();
    for _ in 0..10 {
        let page = read(broker, &topics, &mut cursors, 7).await;
        assert!(page.len() <= 7, "a read must not exceed its limit");
        all.extend(page);
    }

    assert_eq!(sorted_numbers(&all), (0..30).collect::<Vec<_>>());
}

/// Two readers get all messages, each at its own pace.
pub async fn readers_do_not_disturb_each_other<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    let (topics, mut first, mut second) = ([ORDERS], cursors(broker, 1), cursors(broker, 1));

    let read_first = read_all(broker, &topics, &mut first).await;
    publish(broker, &ORDERS, "order-1", [3]).await;
    let read_second = read_all(broker, &topics, &mut second).await;

    assert_eq!(sorted_numbers(&read_first), [1, 2]);
    assert_eq!(sorted_numbers(&read_second), [1, 2, 3]);
    let rest = read_all(broker, &topics, &mut first).await;
    assert_eq!(sorted_numbers(&rest), [3]);
}

/// A read of some partitions returns the messages of no other.
pub async fn read_of_some_partitions_returns_only_theirs<B: Broker + ?Sized>(broker: &B) {
    for number in 0..40 {
        publish(broker, &ORDERS, &format!("order-{number}"), [number]).await;
    }
    let is_even = |partition: u32| partition.is_multiple_of(2);
    let mut cursors = cursors(broker, 1);
    cursors.retain(|cursor| is_even(cursor.partition));

    let read = read_all(broker, &[ORDERS], &mut cursors).await;

    let n_partitions = broker.n_partitions();
    let expected = (0..40).filter(|number| {
        let name = stream(&format!("order-{number}"));
        is_even(name.partition(n_partitions))
    });
    assert_eq!(sorted_numbers(&read), expected.collect::<Vec<u64>>());
}

/// A lane, a kind and a category each make a topic of their own. One read can cover several topics.
pub async fn lanes_and_kinds_are_separate_topics<B: Broker + ?Sized>(broker: &B) {
    let topics = [ORDERS, COMMANDS, BACKFILL, PAYMENTS];
    for (topic, number) in topics.iter().zip(1..) {
        publish(broker, topic, "order-1", [number]).await;
    }

    for (topic, number) in topics.iter().zip(1..) {
        let read = read_topic(broker, topic.clone()).await;
        assert_eq!(sorted_numbers(&read), [number], "the messages of {topic}");
    }
    let two = [ORDERS, PAYMENTS];
    let read = read_all(broker, &two, &mut cursors(broker, 2)).await;
    let mut found: Vec<(usize, u64)> = read
        .iter()
        .map(|message| (message.topic, super::fixture::number(message)))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(0, 1), (1, 4)]);
}

/// A topic that nobody has published to has no messages.
pub async fn unknown_topic_has_no_messages<B: Broker + ?Sized>(broker: &B) {
    assert!(read_topic(broker, ORDERS).await.is_empty());

    let count = broker.count_after(&[ORDERS], &cursors(broker, 1)).await;
    assert_eq!(count.expect("`count_after` must succeed"), 0);
}
