use serde_json::json;

use crate::{
    message::{ExpectedVersion, Position},
    port::{
        Changes, Query, Store,
        contract::fixture::{
            ABSENT, DASHBOARD, ORDERS, WRITER, change, content, exact, find_ids, get, load, query,
            read_all, read_category, read_stream,
        },
    },
    record::{Table, TableKind},
};

/// The version of a state or row is the number of its writes, expected or not.
pub async fn version_counts_the_writes_of_a_value<S: Store + ?Sized>(store: &S) {
    let write = async |expected, json| {
        let written = change()
            .write(ORDERS, "1", expected, json)
            .write(DASHBOARD, "1", expected, json);
        written.commit_to(store).await;
        let state = content(load(store, ORDERS, "1").await);
        assert_eq!(content(get(store, DASHBOARD, "1").await), state);
        state
    };

    assert_eq!(write(ABSENT, r#"{"n":1}"#).await, (1, json!({ "n": 1 })));
    assert_eq!(write(exact(1), r#"{"n":2}"#).await, (2, json!({ "n": 2 })));
    assert_eq!(write(exact(2), r#"{"n":2}"#).await, (3, json!({ "n": 2 })));
    assert_eq!(
        write(ExpectedVersion::Any, "null").await,
        (4, json!(null)),
        "a value that is null is still a value"
    );
}

/// A deleted row or state is gone from every read; deleting what is not there changes nothing.
pub async fn deleted_row_is_gone_from_every_read<S: Store + ?Sized>(store: &S) {
    change()
        .write(DASHBOARD, "1", ABSENT, "1")
        .write(DASHBOARD, "2", ABSENT, "2")
        .write(DASHBOARD, "3", ABSENT, "3")
        .write(ORDERS, "1", ABSENT, "1")
        .commit_to(store)
        .await;

    change()
        .delete(DASHBOARD, "1", exact(1))
        .delete(DASHBOARD, "3", ExpectedVersion::Any)
        .delete(ORDERS, "1", exact(1))
        .delete(DASHBOARD, "never", ExpectedVersion::Any)
        .delete(ORDERS, "never", ABSENT)
        .commit_to(store)
        .await;

    assert_eq!(get(store, DASHBOARD, "1").await, None);
    assert_eq!(get(store, DASHBOARD, "3").await, None);
    assert_eq!(load(store, ORDERS, "1").await, None);
    assert_eq!(content(get(store, DASHBOARD, "2").await), (1, json!(2)));
    assert_eq!(find_ids(store, &Query::default()).await, "2");
}

/// What was deleted can be created again, and is not the one before: its version is a later one, so
/// that a writer who saw the one before is refused.
pub async fn deleted_row_can_be_created_again<S: Store + ?Sized>(store: &S) {
    change()
        .write(DASHBOARD, "1", ABSENT, "1")
        .commit_to(store)
        .await;
    change()
        .write(DASHBOARD, "1", exact(1), "2")
        .commit_to(store)
        .await;
    change()
        .delete(DASHBOARD, "1", exact(2))
        .commit_to(store)
        .await;

    let stale = change().write(DASHBOARD, "1", exact(2), "3");
    stale.expect_conflict(store).await;
    change()
        .write(DASHBOARD, "1", ABSENT, "4")
        .commit_to(store)
        .await;

    let (version, value) = content(get(store, DASHBOARD, "1").await);
    assert!(2 < version, "a version that was there before: {version}");
    assert_eq!(value, json!(4));

    for version in [1, 2] {
        let stale = change().write(DASHBOARD, "1", exact(version), "5");
        stale.expect_conflict(store).await;
    }

    assert_eq!(find_ids(store, &Query::default()).await, "1");
}

/// One id, or one name, in two tables is two things.
pub async fn tables_are_separate<S: Store + ?Sized>(store: &S) {
    const MANAGERS: Table = Table::new(TableKind::ProcessManager, "Order");
    const ROWS: Table = Table::new(TableKind::Projection, "Order");

    change()
        .write(ORDERS, "1", ABSENT, "1")
        .write(MANAGERS, "1", ABSENT, "2")
        .write(ROWS, "1", ABSENT, "3")
        .write(DASHBOARD, "1", ABSENT, "4")
        .commit_to(store)
        .await;

    change().delete(ROWS, "1", exact(1)).commit_to(store).await;
    change()
        .write(MANAGERS, "1", exact(1), "5")
        .commit_to(store)
        .await;

    assert_eq!(content(load(store, ORDERS, "1").await), (1, json!(1)));
    assert_eq!(content(load(store, MANAGERS, "1").await), (2, json!(5)));
    assert_eq!(get(store, ROWS, "1").await, None);
    assert_eq!(content(get(store, DASHBOARD, "1").await), (1, json!(4)));
    assert_eq!(query(store, &Query::default()).await.len(), 1);
}

/// What was never written is empty, not an error; and so is a commit of nothing.
pub async fn unwritten_store_reads_as_empty<S: Store + ?Sized>(store: &S) {
    let nothing = store.commit(&Changes::new(WRITER)).await;
    let counted = store.count(DASHBOARD, &[]).await;

    assert_eq!(nothing.expect("nothing can be stale"), []);
    assert_eq!(counted.expect("rows can be counted"), 0);
    assert_eq!(read_stream(store, "order-1").await, []);
    assert_eq!(
        read_category(store, Some("order"), Position::START, 9).await,
        []
    );
    assert_eq!(read_all(store).await, []);
    assert_eq!(load(store, ORDERS, "1").await, None);
    assert_eq!(get(store, DASHBOARD, "1").await, None);
    assert_eq!(query(store, &Query::default()).await, []);
}
