use flow_domain::{
    Projection, Sortable as _,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query},
};
use flow_domain_sql::DeclaredIndexes;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{DASHBOARD, commit, put},
    json_order::{check_comparisons, check_large_numbers, ids},
    postgres::fixture::{TestStore, connect, open_store},
};

#[tokio::test]
async fn json_is_compared_as_in_the_memory_store() {
    check_comparisons(&*open_store().await).await;
}

#[tokio::test]
async fn number_without_limit_can_be_stored_and_sorted() {
    check_large_numbers(&*open_store().await).await;
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(status, total), name = "OrderDashboard")]
struct Dashboard {
    order_id: String,
    status: String,
    total: u32,
}

fn declared_order(field: &str, direction: Direction) -> OrderBy {
    OrderBy {
        field: field.to_owned(),
        is_declared: true,
        direction,
    }
}

fn status(comparison: Comparison, value: &str) -> Condition {
    Condition {
        field: "status".to_owned(),
        comparison,
        value: FieldValue::Key(value.sort_key()),
    }
}

/// A store with 100,000 rows of the dashboard and 100,000 others, and the indexes of both fields.
async fn large_store() -> TestStore {
    let store = open_store().await;
    let insert = "insert into $schema.state (kind, name, id, version, value, keys)
        select 'projection', table_name, i::text, 1, json_build_object('order_id', i::text),
               json_build_object('status', '3status-' || i % 1000, 'total', '225' || lpad(i::text, 10, '0'))
          from generate_series(1, 100000) i, unnest(array['OrderDashboard', 'Other']) as table_name;
        analyze $schema.state";
    sqlx::raw_sql(store.schema.sql(insert))
        .execute(&mut connect().await)
        .await
        .unwrap();
    store
        .migrate_indexes(&[DeclaredIndexes::of::<Dashboard>()])
        .await
        .unwrap();
    sqlx::raw_sql(store.schema.sql("analyze $schema.state"))
        .execute(&mut connect().await)
        .await
        .unwrap();
    store
}

/// Checks that each scan of a query uses an index of a declared field. Returns the plan.
async fn check_scans(store: &TestStore, query: &Query) -> String {
    let plan = store.explain(DASHBOARD, query).await.unwrap();

    // A scan of the heap reads what a scan of an index has found.
    for scan in plan
        .lines()
        .filter(|line| line.contains("->") && line.contains(" Scan"))
    {
        let is_indexed = ["declared_", "Bitmap Heap Scan", "Subquery Scan"]
            .iter()
            .any(|allowed| scan.contains(allowed));
        assert!(is_indexed, "{scan}\n\n{plan}");
    }
    assert!(plan.contains("declared_"), "{plan}");
    plan
}

#[tokio::test]
async fn declared_fields_are_queried_by_their_index() {
    let store = large_store().await;

    let mut equal = Query::default();
    equal.conditions.push(status(Comparison::Equal, "status-7"));
    equal
        .order
        .push(declared_order("total", Direction::Descending));
    equal.limit = Some(20);
    check_scans(&store, &equal).await;
    assert_eq!(ids(&*store, &equal).await[..2], ["99007", "98007"]);

    let mut range = Query::default();
    range.conditions.push(status(Comparison::Less, "status-1"));
    check_scans(&store, &range).await;
    assert_eq!(ids(&*store, &range).await.len(), 100);

    // The index has the order, so only rows with equal keys are sorted.
    let mut sorted = Query::default();
    sorted
        .order
        .push(declared_order("total", Direction::Descending));
    sorted.limit = Some(20);
    sorted.offset = 40;
    let plan = check_scans(&store, &sorted).await;
    assert!(plan.contains("Incremental Sort"), "{plan}");
    let found = ids(&*store, &sorted).await;
    assert_eq!((found.len(), &*found[0]), (20, "99960"));
}

#[tokio::test]
async fn long_texts_can_be_declared_and_are_sorted_exactly() {
    let store = open_store().await;
    store
        .migrate_indexes(&[DeclaredIndexes::of::<Dashboard>()])
        .await
        .unwrap();
    // The texts differ behind the part that the index has. Random texts cannot be compressed.
    let long = |end: &str| {
        let mut state = 7_u32;
        let random = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4e00 + state % 20_000).unwrap()
        };
        (0..5_000).map(random).collect::<String>() + end
    };
    let row = |id: &str, end: &str| {
        let keys = [
            ("status", long(end).sort_key()),
            ("total", 1_u32.sort_key()),
        ];
        put(DASHBOARD, id, "{}", keys.into_iter().collect())
    };
    for (id, end) in [("1", "b"), ("2", "c"), ("3", "a"), ("4", "b")] {
        commit(&*store, &row(id, end)).await;
    }

    let mut query = Query::default();
    query
        .order
        .push(declared_order("status", Direction::Descending));
    assert_eq!(ids(&*store, &query).await.concat(), "2143");

    let found = async |comparison| {
        let mut query = Query::default();
        query.conditions.push(status(comparison, &long("b")));
        ids(&*store, &query).await.concat()
    };
    assert_eq!(found(Comparison::Equal).await, "14");
    assert_eq!(found(Comparison::NotEqual).await, "23");
    assert_eq!(found(Comparison::Less).await, "3");
    assert_eq!(found(Comparison::AtMost).await, "134");
    assert_eq!(found(Comparison::Greater).await, "2");
    assert_eq!(found(Comparison::AtLeast).await, "124");
}
