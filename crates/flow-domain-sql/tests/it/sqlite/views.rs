use flow_domain::{
    Projection, Sortable as _,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query, RowKeys},
};
use flow_domain_sql::{DeclaredIndexes, sqlite::SqliteStore};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{DASHBOARD, commit, put},
    json_order::{check_comparisons, check_large_numbers, ids},
    sqlite::fixture::open_file,
};

#[tokio::test]
async fn json_is_compared_as_in_the_memory_store() {
    check_comparisons(&SqliteStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn number_without_limit_can_be_stored_and_sorted() {
    check_large_numbers(&SqliteStore::in_memory().unwrap()).await;
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(status, total), name = "OrderDashboard")]
struct Dashboard {
    order_id: String,
    status: String,
    total: u32,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(total), name = "OrderDashboard")]
struct LaterDashboard {
    order_id: String,
    total: u32,
}

#[tokio::test]
async fn declared_fields_are_queried_by_their_index() {
    let store = open_file();
    for n in 0..20_u32 {
        let keys: RowKeys = [
            ("status", ["new", "paid"][n as usize % 2].sort_key()),
            ("total", n.sort_key()),
        ]
        .into_iter()
        .collect();
        commit(&*store, &put(DASHBOARD, &n.to_string(), "{}", keys)).await;
    }
    store
        .migrate_indexes(&[DeclaredIndexes::of::<Dashboard>()])
        .await
        .unwrap();
    store
        .migrate_indexes(&[DeclaredIndexes::of::<Dashboard>()])
        .await
        .unwrap();
    let mut query = Query::default();
    query.conditions.push(Condition {
        field: "status".to_owned(),
        comparison: Comparison::Equal,
        value: FieldValue::Key("paid".sort_key()),
    });
    query.order.push(OrderBy {
        field: "total".to_owned(),
        is_declared: true,
        direction: Direction::Descending,
    });
    query.limit = Some(3);

    assert_eq!(ids(&*store, &query).await, ["19", "17", "15"]);
    let plan = store.explain(DASHBOARD, &query).await.unwrap();
    assert!(
        plan.contains("USING INDEX declared OrderDashboard"),
        "{plan}"
    );
    assert!(!plan.contains("SCAN s\n"), "{plan}");

    store
        .migrate_indexes(&[DeclaredIndexes::of::<LaterDashboard>()])
        .await
        .unwrap();
    let connection = Connection::open(store.folder.file()).unwrap();
    let sql = "select count(*) from sqlite_schema where name like 'declared%'";
    let n_indexes: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(n_indexes, 1);
}
