use std::sync::Arc;

use flow_domain::{
    clock::Timestamp,
    port::{Claim, Outbox as _, OutboxState},
};
use insta::assert_snapshot;

use crate::{
    crashes::unit,
    fixture::commit,
    postgres::fixture::{TestStore, connect, open_store},
    unknown_types::{LEASE, check_unknown_event},
};

async fn run(store: &TestStore, sql: &str) {
    let sql = sqlx::raw_sql(store.schema.sql(sql));
    sql.execute(&mut connect().await).await.unwrap();
}

#[tokio::test]
async fn unknown_event_is_an_error_that_names_it() {
    let test = open_store().await;
    let store = Arc::new(test.schema.store());

    check_unknown_event(store, async |from, to| {
        let sql = format!(
            "update $schema.event set metadata = replace(metadata::text, '{from}', '{to}')::json"
        );
        run(&test, &sql).await;
    })
    .await;
}

#[tokio::test]
async fn unknown_row_of_the_outbox_waits_and_says_why() {
    let store = open_store().await;
    commit(&*store, &unit(1)).await;
    let claim = |second: i64| Claim {
        worker: "ann",
        now: Timestamp::from_micros(second * 1_000_000),
        lease: LEASE,
        limit: 9,
    };

    run(&store, "update $schema.event set metadata = replace(metadata::text, '\"event\"', '\"rumour\"')::json").await;
    assert!(store.claim(&claim(1)).await.unwrap().is_empty());
    let failed = store.rows(&[OutboxState::Failed], 9).await.unwrap();
    let reason = failed[0].error.as_deref().unwrap();
    assert_snapshot!(reason, @"reading row 1 of the outbox failed: unknown variant `rumour`, expected `command` or `event` at line 1 column 60");

    run(&store, "update $schema.event set metadata = replace(metadata::text, '\"rumour\"', '\"event\"')::json").await;
    let claimed = store.claim(&claim(100)).await.unwrap();
    assert_eq!(claimed.len(), 1, "nothing was lost");
}
