use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    message::{
        CausationId, CorrelationId, Envelope, ExpectedVersion, MessageId, MessageName, MessageType,
        Metadata, Payload, Position, Priority, Recorded, Version,
    },
    port::Store,
    testing::contract::fixture::{
        ABSENT, change, event, exact, numbers, read_all, read_category, read_stream, stream,
        versions,
    },
};

/// The events of a stream are numbered from 1 without gaps, and read in the order of their commits.
///
/// A stream accepts all events if the commit expects any version or does not list the stream.
pub async fn events_are_appended_in_order<S: Store + ?Sized>(store: &S) {
    let first = change()
        .expect_version("order-1", ABSENT)
        .append("order-1", [1, 2]);
    let second = change()
        .expect_version("order-1", exact(2))
        .append("order-1", [3]);
    let unlisted = change().append("order-1", [4]);
    let any = change()
        .expect_version("order-1", ExpectedVersion::Any)
        .append("order-1", [5]);

    assert_eq!(versions(&first.commit_to(store).await), [1, 2]);
    assert_eq!(versions(&second.commit_to(store).await), [3]);
    assert_eq!(versions(&unlisted.commit_to(store).await), [4]);
    assert_eq!(versions(&any.commit_to(store).await), [5]);

    let read = read_stream(store, "order-1").await;
    assert_eq!(numbers(&read), [1, 2, 3, 4, 5]);
    assert_eq!(versions(&read), [1, 2, 3, 4, 5]);
}

/// Positions grow in the order of commits and of the events in a commit, across all streams.
pub async fn positions_grow_across_streams<S: Store + ?Sized>(store: &S) {
    let mixed = change()
        .append("order-1", [1])
        .append("payment-1", [2])
        .append("order-1", [3])
        .commit_to(store)
        .await;
    let later = change().append("payment-1", [4]).commit_to(store).await;

    assert_eq!(versions(&mixed), [1, 1, 2]);
    assert_eq!(versions(&later), [2]);

    let committed = [mixed, later].concat();
    assert_eq!(numbers(&committed), [1, 2, 3, 4]);
    assert!(Position::START < committed[0].position);
    assert!(committed.is_sorted_by(|left, right| left.position < right.position));

    let read = read_all(store).await;
    assert_eq!(numbers(&read), [1, 2, 3, 4]);
    assert_eq!(
        versions_and_positions(&read),
        versions_and_positions(&committed)
    );
}

/// The last position is the position of the last event of any stream. A refused commit does not
/// change it.
pub async fn last_position_is_that_of_the_last_event<S: Store + ?Sized>(store: &S) {
    let last_position = async || {
        store
            .last_position()
            .await
            .expect("`last_position` must succeed")
    };

    assert_eq!(last_position().await, Position::START);

    let first_commit = change()
        .append("order-1", [1])
        .append("payment-1", [2])
        .commit_to(store)
        .await;
    assert_eq!(last_position().await, first_commit[1].position);

    let second_commit = change().append("order-1", [3]).commit_to(store).await;
    assert_eq!(last_position().await, second_commit[0].position);

    change()
        .expect_version("order-1", exact(1))
        .append("order-1", [4])
        .expect_conflict(store)
        .await;
    assert_eq!(last_position().await, second_commit[0].position);
}

fn versions_and_positions(recorded: &[Recorded]) -> Vec<(Version, Position)> {
    recorded
        .iter()
        .map(|event| (event.version, event.position))
        .collect()
}

/// A read of a stream starts after a version, and returns at most `limit` events.
pub async fn stream_is_read_in_pages<S: Store + ?Sized>(store: &S) {
    change()
        .append("order-1", [1, 2])
        .append("order-2", [9])
        .append("order-1", [3, 4, 5])
        .commit_to(store)
        .await;
    let stream = stream("order-1");
    let page = async |after, limit| {
        let read = store.read_stream(&stream, Version::new(after), limit);
        numbers(&read.await.expect("`read_stream` must succeed"))
    };

    assert_eq!(page(0, 2).await, [1, 2]);
    assert_eq!(page(2, 2).await, [3, 4]);
    assert_eq!(page(4, 2).await, [5]);
    assert_eq!(page(5, 2).await, [0; 0]);
    assert_eq!(page(99, 2).await, [0; 0]);
    assert_eq!(page(1, usize::MAX).await, [2, 3, 4, 5]);
}

/// A category is read in pages, in the order of positions. Events of categories with similar names
/// do not appear in it.
pub async fn category_is_read_in_store_order<S: Store + ?Sized>(store: &S) {
    let committed = change()
        .append("order-1", [1])
        .append("order_line-1", [2])
        .append("orders-1", [3])
        .append("order-2-line", [4])
        .append("orderxline-order-1", [5])
        .append("Order-1", [6])
        .append("order-1", [7])
        .commit_to(store)
        .await;
    let page =
        async |category, after, limit| numbers(&read_category(store, category, after, limit).await);

    let order = Some("order");

    assert_eq!(page(order, Position::START, 99).await, [1, 4, 7]);
    assert_eq!(page(order, Position::START, 2).await, [1, 4]);
    assert_eq!(page(order, committed[0].position, 2).await, [4, 7]);
    assert_eq!(page(order, committed[2].position, 99).await, [4, 7]);
    assert_eq!(page(order, committed[3].position, 99).await, [7]);
    assert_eq!(page(order, committed[6].position, 99).await, [0; 0]);
    assert_eq!(page(Some("order_line"), Position::START, 99).await, [2]);
    assert_eq!(page(Some("ord"), Position::START, 99).await, [0; 0]);
    assert_eq!(page(None, committed[1].position, 3).await, [3, 4, 5]);
    assert_eq!(page(None, committed[6].position, 3).await, [0; 0]);
}

/// A read returns all metadata of an event, and content with the same meaning.
pub async fn events_keep_metadata_and_payload<S: Store + ?Sized>(store: &S) {
    let bare = event("order-1", 1);
    let full = full_event();

    let committed = change().event(&bare).event(&full).commit_to(store).await;
    let by_stream = read_stream(store, "order-1").await;
    let by_category = read_category(store, Some("order"), Position::START, 99).await;

    check_same_content(&committed, [&bare, &full]);
    check_same_content(&by_stream, [&bare, &full]);
    check_same_content(&by_category, [&bare, &full]);
    check_same_content(&read_all(store).await, [&bare, &full]);
}

fn full_event() -> Arc<Envelope> {
    Arc::new(Envelope {
        metadata: Metadata {
            message_type: MessageType::new(&"Shop".into(), MessageName::new("OrderShipped", 3)),
            time: Timestamp::from_micros(1_767_225_600_123_456),
            correlation: CorrelationId::new(Uuid::from_u128(7)),
            causation: Some(CausationId::from(MessageId::new(Uuid::from_u128(8)))),
            priority: Priority::new(-7),
            initiated_by: Some("Ünal O'Neil \"Ops\"".into()),
            ..event("order-1", 2).metadata.clone()
        },
        message: Payload::from_json(
            r#"{"note":"it's \"50 %\" ☃ \\ \n","none":null,"n":18446744073709551615,"rate":0.1,"tags":["b","a",{}]}"#,
        ),
    })
}

fn check_same_content(found: &[Recorded], expected: [&Arc<Envelope>; 2]) {
    let metadata: Vec<_> = found.iter().map(Recorded::metadata).collect();
    let contents: Vec<_> = found
        .iter()
        .map(|recorded| {
            recorded
                .envelope
                .message
                .to_json()
                .expect("the store returns JSON")
        })
        .collect();

    assert_eq!(metadata, expected.map(|event| &event.metadata));
    assert_eq!(
        contents,
        expected.map(|event| event.message.to_json().expect("the store returns JSON"))
    );
}
