use crate::{
    port::{Broker, Cursor},
    testing::contract::broker::fixture::{
        ORDERS, cursors, number, publish, read, read_all, read_topic, sorted_numbers,
    },
};

/// A reader that begins at the end gets only what is published later.
pub async fn seek_end_skips_older_messages<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", [1]).await;
    let (topics, mut cursors) = ([ORDERS], cursors(broker, 1));

    let moved = broker.seek_end(&topics, &mut cursors).await;
    moved.expect("`seek_end` must succeed");
    publish(broker, &ORDERS, "order-2", [2]).await;
    publish(broker, &ORDERS, "order-1", [3]).await;

    let read = read_all(broker, &topics, &mut cursors).await;
    assert_eq!(sorted_numbers(&read), [2, 3]);
}

/// The count after the cursors is what a reader would still get, and 0 at the end.
pub async fn count_after_counts_what_is_unread<B: Broker + ?Sized>(broker: &B) {
    for number in 0..20 {
        publish(broker, &ORDERS, &format!("order-{number}"), [number]).await;
    }
    let (topics, mut cursors) = ([ORDERS], cursors(broker, 1));

    let mut n_unread = 20;
    while 0 < n_unread {
        let count = broker.count_after(&topics, &cursors).await;
        assert_eq!(count.expect("`count_after` must succeed"), n_unread);
        n_unread -= read(broker, &topics, &mut cursors, 6).await.len();
    }

    let count = broker.count_after(&topics, &cursors).await;
    assert_eq!(count.expect("`count_after` must succeed"), 0);
}

/// Single messages can be read again by their places.
pub async fn read_at_finds_single_messages<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", 1..=5).await;
    let all = read_topic(broker, ORDERS).await;
    let (partition, places) = (all[0].partition, [all[1].place, all[3].place]);

    let read = broker.read_at(&ORDERS, partition, &places).await;

    let read = read.expect("`read_at` must succeed");
    assert_eq!(sorted_numbers(&read), [2, 4]);
    assert_eq!([read[0].place, read[1].place], places);
}

/// A trim deletes what is at or before the floor of its partition, and nothing else.
pub async fn trim_deletes_up_to_the_floors<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", 1..=5).await;
    let other = (2..100)
        .map(|id| format!("order-{id}"))
        .find(|name| {
            let partition = |name: &str| {
                let name = crate::testing::contract::fixture::stream(name);
                name.partition(broker.n_partitions())
            };
            partition(name) != partition("order-1")
        })
        .unwrap_or_else(|| "order-2".to_owned());
    publish(broker, &ORDERS, &other, [6]).await;
    let all = read_topic(broker, ORDERS).await;
    let third = all
        .iter()
        .find(|message| number(message) == 3)
        .expect("it was published");
    let floor = Cursor {
        topic: 0,
        partition: third.partition,
        place: third.place,
    };

    let trimmed = broker.trim(&ORDERS, &[floor]).await;

    assert_eq!(trimmed.expect("`trim` must succeed"), 3);
    let left = read_topic(broker, ORDERS).await;
    assert_eq!(sorted_numbers(&left), [4, 5, 6]);
    let read = broker
        .read_at(&ORDERS, third.partition, &[third.place])
        .await;
    let read = read.expect("`read_at` must succeed");
    assert_eq!(read, [], "a trimmed message is gone");
}
