use std::time::Duration;

use crate::{
    json::Json,
    message::{ExpectedVersion, Position},
    port::{Changes, Query, Store},
    record::{Table, TableKind},
    testing::contract::fixture::{
        ABSENT, DASHBOARD, ORDERS, WRITER, change, content, event_with_content, exact, find_ids,
        get, json, load, query, read_all, read_category, read_stream,
    },
};

/// The version of a state or row is the number of its writes, with or without an expected version.
pub async fn version_counts_the_writes_of_a_value<S: Store + ?Sized>(store: &S) {
    let write = async |expected, json| {
        change()
            .write(ORDERS, "1", expected, json)
            .write(DASHBOARD, "1", expected, json)
            .commit_to(store)
            .await;

        let state = content(load(store, ORDERS, "1").await);
        assert_eq!(content(get(store, DASHBOARD, "1").await), state);
        state
    };

    assert_eq!(write(ABSENT, r#"{"n":1}"#).await, (1, json(r#"{"n":1}"#)));
    assert_eq!(write(exact(1), r#"{"n":2}"#).await, (2, json(r#"{"n":2}"#)));
    assert_eq!(write(exact(2), r#"{"n":2}"#).await, (3, json(r#"{"n":2}"#)));
    assert_eq!(
        write(ExpectedVersion::Any, "null").await,
        (4, Json::Null),
        "the JSON value `null` must be stored like any other value"
    );
}

/// The JSON text of an event, a state or a row comes back byte for byte.
///
/// A store that parses the text can change a number or a character.
pub async fn values_come_back_byte_for_byte<S: Store + ?Sized>(store: &S) {
    const TEXTS: [&str; 8] = [
        r#"{"z":1,"a":{"y":2,"b":3}}"#,
        "340282366920938463463374607431768211455",
        "-170141183460469231731687303715884105728",
        "[5e-324,1.7976931348623157e308,0.1,-0.0,1.10]",
        r#""\u0000 \u001f \\ \" /""#,
        r#""Größe 東京 🦀 é""#,
        r#"{"same":"a","name":"A","":null}"#,
        r#"[[[]],{}, "a  b"]"#,
    ];

    for (number, text) in (0..).zip(TEXTS) {
        let id = number.to_string();
        let stream_name = format!("order-{id}");
        change()
            .event(&event_with_content(&stream_name, number, text))
            .write(ORDERS, &id, ABSENT, text)
            .write(DASHBOARD, &id, ABSENT, text)
            .commit_to(store)
            .await;

        let events = read_stream(store, &stream_name).await;
        let state = load(store, ORDERS, &id).await.expect("was written");
        let row = get(store, DASHBOARD, &id).await.expect("was written");
        assert_eq!(events[0].envelope.message.as_json(), text);
        assert_eq!(state.value.as_json(), text);
        assert_eq!(row.value.as_json(), text);
    }
}

/// No read returns a deleted row or state. Deleting a value that does not exist changes nothing.
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
    assert_eq!(
        content(get(store, DASHBOARD, "2").await),
        (1, Json::from(2))
    );
    assert_eq!(find_ids(store, &Query::default()).await, "2");
}

/// A deleted row can be created again, at a higher version than before.
///
/// Therefore a writer that read the deleted row is refused.
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
    assert!(
        2 < version,
        "expected a version above 2 for the new row, found {version}"
    );
    assert_eq!(value, Json::from(4));
    for version in [1, 2] {
        let stale = change().write(DASHBOARD, "1", exact(version), "5");
        stale.expect_conflict(store).await;
    }
    assert_eq!(find_ids(store, &Query::default()).await, "1");
}

/// Inbox rows, process histories, and the versions of deleted values are forgotten by their age.
/// Nothing else is.
pub async fn forgotten_values_leave_no_version<S: Store + ?Sized>(store: &S) {
    const INBOX: Table = Table::new(TableKind::Inbox, "OrderProjector");
    const HISTORY: Table = Table::new(TableKind::ProcessHistory, "ShippingProcess");
    const HOUR: Duration = Duration::from_secs(3_600);
    let forget = async |age| {
        let mut n_forgotten = 0;
        while let n @ 1.. = store.forget(age).await.expect("`forget` must succeed") {
            n_forgotten += n;
        }
        n_forgotten
    };

    change()
        .write(INBOX, "1", ABSENT, "1")
        .write(HISTORY, "1", ABSENT, "1")
        .write(DASHBOARD, "1", ABSENT, "1")
        .write(DASHBOARD, "2", ABSENT, "2")
        .write(DASHBOARD, "3", ABSENT, "3")
        .write(ORDERS, "1", ABSENT, "1")
        .commit_to(store)
        .await;
    change()
        .delete(DASHBOARD, "1", exact(1))
        .delete(DASHBOARD, "2", exact(1))
        .commit_to(store)
        .await;
    change()
        .write(DASHBOARD, "2", ABSENT, "4")
        .write(HISTORY, "1", exact(1), "2")
        .commit_to(store)
        .await;

    assert_eq!(forget(HOUR).await, 0);
    assert_eq!(forget(Duration::ZERO).await, 3);
    assert_eq!(load(store, INBOX, "1").await, None);
    assert_eq!(load(store, HISTORY, "1").await, None);
    assert_eq!(find_ids(store, &Query::default()).await, "2 3");
    let rows = [
        (DASHBOARD, "2", (3, Json::from(4))),
        (DASHBOARD, "3", (1, Json::from(3))),
        (ORDERS, "1", (1, Json::from(1))),
    ];
    for (table, id, expected) in rows {
        assert_eq!(content(load(store, table, id).await), expected);
    }

    change()
        .write(INBOX, "1", ABSENT, "5")
        .write(HISTORY, "1", ABSENT, "5")
        .write(DASHBOARD, "1", ABSENT, "5")
        .commit_to(store)
        .await;
    for table in [INBOX, HISTORY, DASHBOARD] {
        let again = content(load(store, table, "1").await);
        assert_eq!(again, (1, Json::from(5)), "{table} has its old version");
    }
}

/// Values with the same id are separate if their tables differ in kind or in name.
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

    assert_eq!(content(load(store, ORDERS, "1").await), (1, Json::from(1)));
    assert_eq!(
        content(load(store, MANAGERS, "1").await),
        (2, Json::from(5))
    );
    assert_eq!(get(store, ROWS, "1").await, None);
    assert_eq!(
        content(get(store, DASHBOARD, "1").await),
        (1, Json::from(4))
    );
    assert_eq!(query(store, &Query::default()).await.len(), 1);
}

/// A snapshot is written together with its events or not at all, over whatever snapshot there is.
pub async fn snapshot_is_committed_with_its_events<S: Store + ?Sized>(store: &S) {
    const SNAPSHOTS: Table = Table::new(TableKind::Snapshot, "Order");
    let append = |number: u32, after: u64| {
        change()
            .append("order-1", [number])
            .expect_version("order-1", exact(after))
            .write(SNAPSHOTS, "1", ExpectedVersion::Any, &number.to_string())
    };

    append(1, 0).commit_to(store).await;
    append(2, 1).commit_to(store).await;
    append(3, 1).expect_conflict(store).await;

    let snapshot = content(load(store, SNAPSHOTS, "1").await);
    assert_eq!(snapshot, (2, Json::from(2)));
    assert_eq!(load(store, ORDERS, "1").await, None);

    change()
        .delete(SNAPSHOTS, "1", ExpectedVersion::Any)
        .commit_to(store)
        .await;
    assert_eq!(load(store, SNAPSHOTS, "1").await, None);
}

/// Reads of an unwritten store return nothing, without an error. An empty commit
/// also returns nothing.
pub async fn unwritten_store_reads_as_empty<S: Store + ?Sized>(store: &S) {
    let recorded = store.commit(&Changes::new(WRITER)).await;
    let n_rows = store.count(DASHBOARD, &[]).await;

    assert_eq!(
        recorded.expect("`commit` of empty `Changes` must succeed"),
        []
    );
    assert_eq!(n_rows.expect("`count` must succeed"), 0);
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
