use std::sync::Arc;

use flow_domain_sql::sqlite::SqliteStore;

use crate::{
    engines::{check_cut_off, check_two_engines},
    lanes::{check_lanes, check_store_order},
    sqlite::fixture::TestFolder,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_share_a_file() {
    let folder = TestFolder::new();
    let open = || Arc::new(SqliteStore::open(folder.file()).unwrap());

    check_two_engines([open(), open()]).await;
}

#[tokio::test]
async fn cut_off_event_is_found_in_a_file() {
    let folder = TestFolder::new();
    check_cut_off(Arc::new(SqliteStore::open(folder.file()).unwrap())).await;
}

#[tokio::test]
async fn lanes_give_urgent_messages_first_in_a_file() {
    let folder = TestFolder::new();
    check_lanes(Arc::new(SqliteStore::open(folder.file()).unwrap())).await;
}

#[tokio::test]
async fn lanes_leave_store_subscriptions_alone_in_a_file() {
    let folder = TestFolder::new();
    check_store_order(Arc::new(SqliteStore::open(folder.file()).unwrap())).await;
}
