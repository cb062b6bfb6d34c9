use std::sync::Arc;

use flow_domain::port::Store as _;

use crate::{
    engines::{check_cut_off, check_two_engines},
    lanes::{check_lanes, check_store_order},
    postgres::fixture::open_store,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_share_a_schema() {
    let test = open_store().await;
    let stores = [Arc::new(test.schema.store()), Arc::new(test.schema.store())];

    check_two_engines([
        Arc::clone(&stores[0]) as Arc<_>,
        Arc::clone(&stores[1]) as Arc<_>,
    ])
    .await;

    for store in stores {
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn cut_off_event_is_found_in_a_schema() {
    let test = open_store().await;
    let store = Arc::new(test.schema.store());

    check_cut_off(Arc::clone(&store) as Arc<_>).await;

    store.close().await.unwrap();
}

#[tokio::test]
async fn lanes_give_urgent_messages_first_in_a_schema() {
    let test = open_store().await;
    let store = Arc::new(test.schema.store());

    check_lanes(Arc::clone(&store) as Arc<_>).await;

    store.close().await.unwrap();
}

#[tokio::test]
async fn lanes_leave_store_subscriptions_alone_in_a_schema() {
    let test = open_store().await;
    let store = Arc::new(test.schema.store());

    check_store_order(Arc::clone(&store) as Arc<_>).await;

    store.close().await.unwrap();
}
