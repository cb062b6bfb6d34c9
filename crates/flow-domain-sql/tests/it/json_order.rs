//! The comparison of JSON in a store, beside that of the store in memory.

use flow_domain::{
    adapter::memory::MemoryStore,
    json::Json,
    port::{
        Comparison, Condition, Direction, FieldValue, OrderBy, ProjectionStore, Query, RowKeys,
        Store,
    },
};

use crate::fixture::{DASHBOARD, commit, put};

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::Greater,
    Comparison::AtLeast,
];

/// Values of all kinds, and values that a database tends to mix up.
const VALUES: [&str; 40] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "1.0",
    "10e-1",
    "-1",
    "2",
    "10",
    "9.5",
    "9007199254740992",
    "9007199254740993",
    "9007199254740992.0",
    "18446744073709551615",
    "340282366920938463463374607431768211455",
    "1e308",
    "5e-324",
    "-1.7976931348623157e308",
    r#""""#,
    r#""a""#,
    r#""A""#,
    r#""ä""#,
    r#""b""#,
    r#""10""#,
    r#""true""#,
    r#""null""#,
    r#""a\u0000""#,
    r#""a\u0001""#,
    r#""a\u0000b""#,
    r#""a\\u0000""#,
    r#""🦀""#,
    r#""\uffff""#,
    "[]",
    "[1,2.0]",
    r#"{"a":1,"b":2}"#,
    r#"{"b":2.0,"a":1}"#,
];

/// Returns the ids of the rows that a query finds.
pub(crate) async fn ids<S: ProjectionStore + ?Sized>(store: &S, query: &Query) -> Vec<String> {
    let rows = store
        .query(DASHBOARD, query)
        .await
        .expect("the query succeeds");
    rows.iter().map(|row| row.id.to_string()).collect()
}

pub(crate) fn json_order(field: &str, direction: Direction) -> OrderBy {
    OrderBy {
        field: field.to_owned(),
        is_declared: false,
        direction,
    }
}

/// Compares all values with each other, in each way.
pub(crate) async fn check_comparisons<S: Store + ?Sized>(store: &S) {
    let memory = MemoryStore::default();
    for (idx, value) in VALUES.iter().enumerate() {
        let id = format!("{idx:02}");
        let json = format!(r#"{{"x":{value},"other\u0000\u0001":{idx}}}"#);
        let changes = put(DASHBOARD, &id, &json, RowKeys::default());
        commit(store, &changes).await;
        commit(&memory, &changes).await;
    }
    let missing = put(DASHBOARD, "missing", "[7]", RowKeys::default());
    commit(store, &missing).await;
    commit(&memory, &missing).await;

    for value in VALUES {
        for comparison in COMPARISONS {
            let mut query = Query::default();
            query.conditions.push(Condition {
                field: "x".to_owned(),
                comparison,
                value: FieldValue::Json(value.parse::<Json>().unwrap()),
            });
            let expected = ids(&memory, &query).await;

            assert_eq!(ids(store, &query).await, expected, "{comparison:?} {value}");
            let n_rows = store.count(DASHBOARD, &query.conditions).await.unwrap();
            assert_eq!(n_rows, expected.len(), "{comparison:?} {value}");
        }
    }

    for direction in [Direction::Ascending, Direction::Descending] {
        let mut query = Query::default();
        query.order = vec![
            json_order("x", direction),
            json_order("other\0\u{1}", direction),
        ];
        assert_eq!(ids(store, &query).await, ids(&memory, &query).await);
    }
}

/// Sorts numbers that no type of a database has.
pub(crate) async fn check_large_numbers<S: Store + ?Sized>(store: &S) {
    let numbers = ["1e99999", "-1e999999", "1e-99999", "0e99999", "7"];
    for (idx, number) in numbers.iter().enumerate() {
        let json = format!(r#"{{"x":{number}}}"#);
        commit(
            store,
            &put(DASHBOARD, &idx.to_string(), &json, RowKeys::default()),
        )
        .await;
    }

    let mut query = Query::default();
    query.order.push(json_order("x", Direction::Ascending));

    assert_eq!(ids(store, &query).await.concat(), "13240");
}
