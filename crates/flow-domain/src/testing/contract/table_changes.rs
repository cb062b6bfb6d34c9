use crate::{
    error::Error,
    message::{Recorded, Version},
    port::{Changes, Fence, Query, Store, TableChange},
    record::{Table, TableKind},
    testing::contract::fixture::{
        ABSENT, DASHBOARD, change, content, exact, find_ids, get, json, load,
    },
};

const REBUILT: Table = Table::new(TableKind::RebuiltRow, DASHBOARD.name);

/// Another projection and its rebuilt rows. No test may change them.
const OTHERS: [Table; 2] = [
    Table::new(TableKind::Projection, "Other"),
    Table::new(TableKind::RebuiltRow, "Other"),
];

fn replacement(expected: Version) -> TableChange {
    TableChange::Replace {
        table: DASHBOARD,
        by: REBUILT,
        expected,
    }
}

async fn make<S: Store + ?Sized>(
    store: &S,
    table_change: TableChange,
) -> Result<Vec<Recorded>, Error> {
    let mut changes = Changes::new("the rebuild");
    changes.table_changes.push(table_change);
    store.commit(&changes).await
}

async fn version<S: Store + ?Sized>(store: &S, table: Table) -> Version {
    let version = store.table_version(table).await;
    version.expect("`table_version` must succeed")
}

/// Writes rows `1` to `4` of the dashboard, and the rows that are to replace them.
async fn write_both<S: Store + ?Sized>(store: &S) {
    let mut rows = change();
    for (id, value) in [("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")] {
        rows = rows.write(DASHBOARD, id, ABSENT, value);
    }
    for table in OTHERS {
        rows = rows.write(table, "1", ABSENT, "1");
    }
    rows.commit_to(store).await;
    change()
        .delete(DASHBOARD, "4", exact(1))
        .commit_to(store)
        .await;

    // `1` is the same, `2` differs, `3` is not there, `4` was deleted in the dashboard, and `5` is new.
    change()
        .write(REBUILT, "1", ABSENT, "1")
        .write(REBUILT, "2", ABSENT, "22")
        .write(REBUILT, "3", ABSENT, "33")
        .write(REBUILT, "4", ABSENT, "44")
        .write(REBUILT, "5", ABSENT, "55")
        .commit_to(store)
        .await;
    change()
        .delete(REBUILT, "3", exact(1))
        .commit_to(store)
        .await;
}

/// A cleared table has no rows and no versions. Other tables stay as they are.
pub async fn cleared_table_is_as_if_never_written<S: Store + ?Sized>(store: &S) {
    write_both(store).await;
    assert_eq!(version(store, REBUILT).await, Version::new(6));

    let cleared = make(store, TableChange::Clear(REBUILT)).await;

    cleared.expect("a table can be cleared");
    assert_eq!(version(store, REBUILT).await, Version::NONE);
    assert_eq!(load(store, REBUILT, "1").await, None);
    assert_eq!(find_ids(store, &Query::default()).await, "1 2 3");
    for table in OTHERS {
        assert_eq!(version(store, table).await, Version::new(1));
    }
    change()
        .write(REBUILT, "3", ABSENT, "3")
        .commit_to(store)
        .await;
    assert_eq!(content(load(store, REBUILT, "3").await), (1, json("3")));
}

/// Rows that differ are written, the others stay, and the version of each row goes on.
pub async fn table_gets_the_rows_of_another<S: Store + ?Sized>(store: &S) {
    write_both(store).await;
    let before = version(store, DASHBOARD).await;
    assert_eq!(before, Version::new(5));

    let replaced = make(store, replacement(before)).await;

    replaced.expect("nobody else has written");
    assert_eq!(find_ids(store, &Query::default()).await, "1 2 4 5");
    let rows = [
        ("1", (1, json("1"))),
        ("2", (2, json("22"))),
        ("4", (3, json("44"))),
        ("5", (1, json("55"))),
    ];
    for (id, expected) in rows {
        assert_eq!(content(get(store, DASHBOARD, id).await), expected);
    }
    // One deletion, three writes.
    assert_eq!(version(store, DASHBOARD).await, Version::new(9));
    assert_eq!(version(store, REBUILT).await, Version::NONE);
    for table in OTHERS {
        assert_eq!(content(load(store, table, "1").await), (1, json("1")));
    }
}

/// A replacement is a conflict if the table has another version than the caller has seen.
pub async fn replacement_refuses_a_table_that_changed<S: Store + ?Sized>(store: &S) {
    write_both(store).await;
    let before = version(store, DASHBOARD).await;
    change()
        .write(DASHBOARD, "1", exact(1), "11")
        .commit_to(store)
        .await;

    let replaced = make(store, replacement(before)).await;

    let err = replaced.expect_err("another writer was first");
    assert!(err.is_conflict());
    let text = err.to_string();
    let expected = "the rebuild could not write projection OrderDashboard: expected version 5, found version 6";
    assert_eq!(text, expected);
    assert_eq!(find_ids(store, &Query::default()).await, "1 2 3");
    assert_eq!(version(store, REBUILT).await, Version::new(6));
}

/// A commit that is refused for another reason changes no table.
pub async fn refused_commit_changes_no_table<S: Store + ?Sized>(store: &S) {
    write_both(store).await;
    let before = version(store, DASHBOARD).await;
    let mut changes = Changes::new("the rebuild");
    changes.table_changes.push(replacement(before));
    changes.fence = Some(Fence {
        group: "shipping".into(),
        partition: 0,
        epoch: 7,
    });

    let err = store.commit(&changes).await;

    assert!(err.expect_err("nobody owns the partition").is_fenced());
    assert_eq!(version(store, DASHBOARD).await, before);
    assert_eq!(version(store, REBUILT).await, Version::new(6));
}
