use std::{fs, sync::Arc};

use flow_domain::{
    message::{ExpectedVersion, Version},
    port::{Direction, ProjectionStore as _, Query, RowKeys, Store as _},
};
use flow_domain_sql::sqlite::SqliteStore;
use insta::assert_snapshot;
use rusqlite::Connection;

use crate::{
    fixture::{DASHBOARD, append, commit, positions, put},
    json_order::json_order,
    sqlite::fixture::{TestFolder, open_file},
};

#[tokio::test]
async fn closed_file_can_be_opened_again() {
    let opened = open_file();
    commit(&*opened, &append("order-1", 1)).await;
    opened.close().await.unwrap();

    let again = SqliteStore::open(opened.folder.file()).unwrap();
    commit(&again, &append("order-1", 2)).await;
    assert_eq!(positions(&again).await, [1, 2]);

    let err = opened
        .commit(&append("order-1", 3))
        .await
        .expect_err("it was closed");
    assert_snapshot!(err.with_causes(), @"commit failed in the sqlite adapter: the store was closed");
}

#[tokio::test]
async fn two_stores_can_share_a_file() {
    let first = open_file();
    let second = SqliteStore::open(first.folder.file()).unwrap();

    commit(&*first, &append("order-1", 1)).await;
    commit(&second, &append("order-1", 2)).await;

    assert_eq!(positions(&*first).await, [1, 2]);
    assert_eq!(positions(&second).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_commits_are_committed_together() {
    let store = Arc::new(open_file());
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..50 {
                    let mut changes = append(&format!("order-{task}"), task * 100 + n);
                    // Each second commit is refused, and must not spoil those beside it.
                    changes.writes = put(DASHBOARD, "1", "1", RowKeys::default()).writes;
                    if n % 2 == 1 {
                        changes.writes[0].expected =
                            ExpectedVersion::Exact(Version::new(7_000_000));
                    }
                    let committed = store.commit(&changes).await;
                    assert_eq!(committed.is_ok(), n % 2 == 0);
                }
            })
        })
        .collect();

    for task in tasks {
        task.await.unwrap();
    }

    assert_eq!(positions(&**store).await, (1..=200).collect::<Vec<u64>>());
}

#[tokio::test]
async fn file_that_is_no_database_is_an_error() {
    let folder = TestFolder::new();
    fs::write(folder.file(), "this is a text and no database, for sure").unwrap();

    let err = SqliteStore::open(folder.file()).expect_err("no database");

    assert_snapshot!(err.with_causes(), @"open failed in the sqlite adapter: file is not a database: Error code 26: file is not a database");
}

#[tokio::test]
async fn migrations_can_be_run_as_plain_sql() {
    let folder = TestFolder::new();
    let connection = Connection::open(folder.file()).unwrap();
    connection
        .execute_batch(&SqliteStore::migrations())
        .unwrap();

    let store = SqliteStore::open(folder.file()).unwrap();

    commit(&store, &append("order-1", 1)).await;
    assert_eq!(positions(&store).await, [1]);
}

#[tokio::test]
async fn file_of_a_newer_program_works() {
    let folder = TestFolder::new();
    let connection = Connection::open(folder.file()).unwrap();
    let newer = format!("{}; pragma user_version = 99", SqliteStore::migrations());
    connection.execute_batch(&newer).unwrap();

    let store = SqliteStore::open(folder.file()).unwrap();

    commit(&store, &append("order-1", 1)).await;
    let version = connection.query_row("pragma user_version", [], |row| row.get::<_, i32>(0));
    assert_eq!(version.unwrap(), 99);
}

#[tokio::test]
async fn corrupt_row_is_an_error_that_names_it() {
    let store = open_file();
    commit(&*store, &put(DASHBOARD, "1", "{}", RowKeys::default())).await;
    commit(&*store, &put(DASHBOARD, "2", "{", RowKeys::default())).await;
    let mut query = Query::default();
    query.order.push(json_order("total", Direction::Ascending));

    let err = store
        .query(DASHBOARD, &query)
        .await
        .expect_err("a corrupt row");

    assert_snapshot!(err.with_causes(), @"query failed in the sqlite adapter: deserializing `row `2`` failed: deserializing `JSON` failed: EOF while parsing an object at line 1 column 1: Error code 1: SQL logic error");
}
