//! The store in memory answers queries as the store in PostgreSQL does.

use disintegrate::{Event, EventStore, StreamItem, StreamQuery, event_types, query, union};
use flow_harness_disintegrate::{MemoryStore, MemoryStoreError};
use futures::TryStreamExt;

#[derive(Debug, Clone, PartialEq, Event)]
#[stream(CartEvent, [Added, Removed])]
#[stream(CouponEvent, [Applied])]
enum ShopEvent {
    Added {
        #[id]
        cart: String,
        #[id]
        item: i64,
    },
    Removed {
        #[id]
        cart: String,
        #[id]
        item: i64,
    },
    Applied {
        #[id]
        cart: String,
        #[id]
        coupon: String,
    },
}

fn added(cart: &str, item: i64) -> ShopEvent {
    let cart = cart.to_owned();
    ShopEvent::Added { cart, item }
}

fn removed(cart: &str, item: i64) -> ShopEvent {
    let cart = cart.to_owned();
    ShopEvent::Removed { cart, item }
}

fn applied(cart: &str, coupon: &str) -> ShopEvent {
    let (cart, coupon) = (cart.to_owned(), coupon.to_owned());
    ShopEvent::Applied { cart, coupon }
}

async fn store() -> MemoryStore<ShopEvent> {
    let store = MemoryStore::default();
    let events = vec![
        added("a", 1),
        added("b", 1),
        removed("a", 1),
        applied("a", "half"),
        added("a", 2),
    ];
    store.append_without_validation(events).await.unwrap();
    store
}

/// Checks the ids of the events that a query finds, and that the end is the last event of the store.
async fn check<QE>(query: StreamQuery<i64, QE>, expected: &[i64])
where
    QE: TryFrom<ShopEvent> + Event + Clone + Send + Sync + 'static,
    <QE as TryFrom<ShopEvent>>::Error: std::error::Error + Send + Sync + 'static,
{
    let store = store().await;
    let items: Vec<_> = store.stream(&query).try_collect().await.unwrap();

    let (end, events) = items.split_last().unwrap();
    assert!(matches!(end, StreamItem::End(5)));
    let ids: Vec<i64> = events.iter().map(StreamItem::id).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn query_finds_the_types_of_its_stream() {
    check(query!(ShopEvent), &[1, 2, 3, 4, 5]).await;
    check(query!(CartEvent), &[1, 2, 3, 5]).await;
    check(query!(CouponEvent), &[4]).await;
}

#[tokio::test]
async fn query_finds_events_with_all_ids() {
    check(query!(CartEvent; cart == "a"), &[1, 3, 5]).await;
    check(query!(CartEvent; cart == "a", item == 1), &[1, 3]).await;
    check(query!(CartEvent; cart == "c"), &[]).await;
}

#[tokio::test]
async fn query_ignores_ids_that_an_event_does_not_have() {
    check(query!(ShopEvent; item == 1), &[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn query_leaves_out_excluded_events() {
    let excluded = event_types!(CartEvent, [Removed]);
    check(
        query!(CartEvent; cart == "a").exclude_events(excluded),
        &[1, 5],
    )
    .await;
}

#[tokio::test]
async fn query_begins_behind_its_origin() {
    check(query!(CartEvent; cart == "a").change_origin(3), &[5]).await;
}

#[tokio::test]
async fn union_has_the_events_of_each_filter_once() {
    let item: StreamQuery<i64, CartEvent> = query!(CartEvent; item == 1);
    let excluded = event_types!(CartEvent, [Removed]);
    let cart: StreamQuery<i64, CartEvent> = query!(CartEvent; cart == "a").exclude_events(excluded);
    let coupon: StreamQuery<i64, CouponEvent> = query!(CouponEvent; coupon == "half");

    let all: StreamQuery<i64, ShopEvent> = union!(item, cart, coupon);
    check(all, &[1, 2, 3, 4, 5]).await;
}

#[tokio::test]
async fn append_is_refused_after_an_unseen_event() {
    let store = store().await;
    let cart: StreamQuery<i64, CartEvent> = query!(CartEvent; cart == "a");

    let stale = store.append(vec![added("a", 3)], cart.clone(), 3).await;
    assert!(matches!(stale, Err(MemoryStoreError::Concurrency)));

    let fresh = store.append(vec![added("a", 3)], cart, 5).await.unwrap();
    assert_eq!(fresh[0].id(), 6);
}

#[tokio::test]
async fn append_ignores_unseen_events_of_others() {
    let store = store().await;
    let cart: StreamQuery<i64, CartEvent> = query!(CartEvent; cart == "b");

    let committed = store.append(vec![added("b", 3)], cart, 2).await.unwrap();
    assert_eq!(committed[0].id(), 6);
}

#[tokio::test]
async fn append_refuses_a_commit_without_events() {
    let store = store().await;

    let empty = store.append(vec![], query!(CartEvent), 5).await;
    assert!(matches!(empty, Err(MemoryStoreError::NoEvents)));
}
