use std::sync::Arc;

use flow_domain::{
    clock::Timestamp,
    port::{Claim, Outbox as _, OutboxState},
};
use flow_domain_sql::sqlite::SqliteStore;
use insta::assert_snapshot;
use rusqlite::Connection;

use crate::{
    crashes::unit,
    fixture::commit,
    sqlite::fixture::{TestFolder, open_file},
    unknown_types::{LEASE, check_unknown_event},
};

#[tokio::test]
async fn unknown_event_is_an_error_that_names_it() {
    let folder = TestFolder::new();
    let store = Arc::new(SqliteStore::open(folder.file()).unwrap());
    let connection = Connection::open(folder.file()).unwrap();

    check_unknown_event(store, async |from, to| {
        let sql = "update event set metadata = replace(metadata, ?1, ?2)";
        connection.execute(sql, [from, to]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn unknown_row_of_the_outbox_waits_and_says_why() {
    let store = open_file();
    commit(&*store, &unit(1)).await;
    let connection = Connection::open(store.folder.file()).unwrap();
    let replace = |from, to| {
        let sql = "update event set metadata = replace(metadata, ?1, ?2)";
        connection.execute(sql, [from, to]).unwrap();
    };
    let claim = |second: i64| Claim {
        worker: "ann",
        now: Timestamp::from_micros(second * 1_000_000),
        lease: LEASE,
        limit: 9,
    };

    replace("\"event\"", "\"rumour\"");
    assert!(store.claim(&claim(1)).await.unwrap().is_empty());
    let failed = store.rows(&[OutboxState::Failed], 9).await.unwrap();
    let reason = failed[0].error.as_deref().unwrap();
    assert_snapshot!(reason, @"reading row 1 of the outbox failed: unknown variant `rumour`, expected `command` or `event` at line 1 column 60");

    replace("\"rumour\"", "\"event\"");
    let claimed = store.claim(&claim(100)).await.unwrap();
    assert_eq!(claimed.len(), 1, "nothing was lost");
}
