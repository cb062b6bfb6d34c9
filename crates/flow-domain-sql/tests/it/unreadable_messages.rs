//! Messages in the outbox that nobody can read. Somebody has changed them by hand.

use std::time::Duration;

use flow_domain::{
    clock::Timestamp,
    port::{Claim, OutboxRow, OutboxState, Store},
};

use crate::{crashes::unit, fixture::commit};

/// A claim of two rows, some seconds after the start of time.
fn claim(seconds: i64) -> Claim<'static> {
    Claim {
        worker: "ann",
        now: Timestamp::from_micros(seconds * 1_000_000),
        lease: Duration::from_mins(10),
        limit: 2,
    }
}

fn numbers(rows: &[OutboxRow]) -> Vec<u64> {
    rows.iter().map(|row| row.number).collect()
}

/// Commits four messages. `execute` changes their events in the database.
pub(crate) async fn check_unreadable_messages<S: Store + ?Sized>(
    store: &S,
    execute: impl AsyncFn(&str),
) {
    for number in 1..=4 {
        commit(store, &unit(number)).await;
    }
    execute(r#"update event set metadata = '{"id": 7}' where position = 1"#).await;
    execute("delete from event where position = 2").await;

    // Both rows of the first page fail, and the next page is returned.
    let claimed = store.claim(&claim(1)).await.expect("others can be read");

    assert_eq!(numbers(&claimed), [3, 4]);
    let failed = store.rows(&[OutboxState::Failed], 9).await;
    let failed = failed.expect("a list shows what cannot be read");
    let reasons: Vec<&str> = failed
        .iter()
        .filter_map(|row| row.error.as_deref())
        .collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(reasons.join("\n"), @"
        reading row 1 of the outbox failed: invalid type: integer `7`, expected a formatted UUID string at line 1 column 8
        reading row 2 of the outbox failed: its event was deleted
        ");
    }
    let stream = &failed[0].envelope.metadata.stream;
    assert_eq!(stream.to_string(), "order-1");

    // A later message of the stream waits. Somebody repairs the first one.
    commit(store, &unit(8)).await;
    let claimed = store.claim(&claim(2)).await.expect("nothing is ready");
    assert!(claimed.is_empty());
    execute("update event set metadata = (select metadata from event where position = 5) where position = 1")
        .await;
    let claimed = store.claim(&claim(61)).await.expect("it can be read now");
    assert_eq!(numbers(&claimed), [1]);
}
