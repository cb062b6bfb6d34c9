use serde_json::{Value, json};

use crate::port::{
    Comparison, Condition, Direction, Query, Store,
    contract::fixture::{ABSENT, DASHBOARD, ORDERS, change, exact, find_ids, query},
};

/// The rows that are found are those for which all conditions hold.
///
/// Numbers are compared by size and strings by their code points; values of different kinds are
/// neither equal nor ordered, and a missing field is `null`.
pub async fn query_finds_rows_by_condition<S: Store + ?Sized>(store: &S) {
    write_rows(
        store,
        [
            ("a", r#"{"status":"placed","total":2,"it's \"in\"":true}"#),
            ("b", r#"{"status":"paid","total":10}"#),
            ("c", r#"{"status":"Zombie","total":2.5}"#),
            ("d", r#"{"status":null,"total":"2"}"#),
            ("e", r#"{"total":-1,"it's \"in\"":false}"#),
        ],
    )
    .await;

    let finds = async |conditions: Vec<Condition>| {
        let query = Query {
            conditions,
            ..Query::default()
        };
        find_ids(store, &query).await
    };

    assert_eq!(
        finds(vec![status(Comparison::Equal, json!("paid"))]).await,
        "b"
    );
    assert_eq!(
        finds(vec![status(Comparison::Equal, json!("pai"))]).await,
        ""
    );
    assert_eq!(
        finds(vec![status(Comparison::Equal, json!(null))]).await,
        "d e"
    );
    assert_eq!(
        finds(vec![status(Comparison::NotEqual, json!("paid"))]).await,
        "a c d e"
    );
    assert_eq!(
        finds(vec![status(Comparison::Less, json!("placed"))]).await,
        "b c"
    );
    assert_eq!(finds(vec![total(Comparison::Equal, json!(2.0))]).await, "a");
    assert_eq!(
        finds(vec![total(Comparison::NotEqual, json!("2"))]).await,
        "a b c e"
    );
    assert_eq!(
        finds(vec![total(Comparison::Less, json!(10))]).await,
        "a c e"
    );
    assert_eq!(
        finds(vec![total(Comparison::AtMost, json!(2))]).await,
        "a e"
    );
    assert_eq!(
        finds(vec![total(Comparison::Greater, json!(2))]).await,
        "b c"
    );
    assert_eq!(
        finds(vec![total(Comparison::AtLeast, json!(2.5))]).await,
        "b c"
    );
    let two = vec![
        status(Comparison::NotEqual, json!("paid")),
        total(Comparison::Greater, json!(0)),
    ];
    assert_eq!(finds(two).await, "a c");
    let quoted = condition("it's \"in\"", Comparison::Equal, json!(true));
    assert_eq!(finds(vec![quoted]).await, "a");
}

/// Rows are sorted by one field after the other; then some are left out, and some are taken.
///
/// Values of different kinds are sorted `null`, boolean, number, string.
pub async fn query_sorts_limits_and_offsets<S: Store + ?Sized>(store: &S) {
    write_rows(
        store,
        [
            ("a", r#"{"status":"placed","total":10}"#),
            ("b", r#"{"status":"placed","total":9.5}"#),
            ("c", r#"{"status":"draft","total":"9"}"#),
            ("d", r#"{"status":"draft","total":true}"#),
            ("e", r#"{"status":"draft"}"#),
            ("f", r#"{"status":"Draft","total":-3}"#),
        ],
    )
    .await;

    let finds = async |order: &[(&str, Direction)], offset, limit| {
        let query = Query {
            order: order
                .iter()
                .map(|(field, it)| ((*field).to_owned(), *it))
                .collect(),
            offset,
            limit,
            ..Query::default()
        };

        find_ids(store, &query).await
    };
    let (up, down) = (Direction::Ascending, Direction::Descending);

    assert_eq!(finds(&[("total", up)], 0, None).await, "e d f b a c");
    assert_eq!(finds(&[("total", down)], 0, None).await, "c a b f d e");
    let by_both = [("status", down), ("total", up)];
    assert_eq!(finds(&by_both, 0, None).await, "b a e d c f");
    assert_eq!(finds(&by_both, 0, Some(2)).await, "b a");
    assert_eq!(finds(&by_both, 2, Some(3)).await, "e d c");
    assert_eq!(finds(&by_both, 4, None).await, "c f");
    assert_eq!(finds(&by_both, 5, Some(usize::MAX)).await, "f");
    assert_eq!(finds(&by_both, 6, Some(1)).await, "");
    assert_eq!(finds(&by_both, 0, Some(0)).await, "");
}

/// Rows that a query puts on a level come by id, in the order of code points, whichever way the
/// query sorts and in whatever order they were written.
pub async fn query_breaks_ties_by_id<S: Store + ?Sized>(store: &S) {
    let level = [
        ("b-2", "{}"),
        ("a", "{}"),
        ("é", "{}"),
        ("b-10", "{}"),
        ("Z", "{}"),
    ];

    write_rows(store, level).await;
    change()
        .write(DASHBOARD, "a", exact(1), "{}")
        .commit_to(store)
        .await;
    let sorted = |direction| Query {
        order: vec![("status".into(), direction)],
        ..Query::default()
    };

    assert_eq!(find_ids(store, &Query::default()).await, "Z a b-10 b-2 é");
    assert_eq!(
        find_ids(store, &sorted(Direction::Ascending)).await,
        "Z a b-10 b-2 é"
    );
    assert_eq!(
        find_ids(store, &sorted(Direction::Descending)).await,
        "Z a b-10 b-2 é"
    );
    let page = Query {
        offset: 1,
        limit: Some(2),
        ..Query::default()
    };

    assert_eq!(find_ids(store, &page).await, "a b-10");
}

/// Rows are counted by the conditions that find them, and a row that is found is a whole one.
pub async fn count_applies_conditions<S: Store + ?Sized>(store: &S) {
    write_rows(
        store,
        [
            ("a", r#"{"status":"placed","total":1}"#),
            ("b", r#"{"status":"placed","total":2}"#),
            ("c", r#"{"status":"paid","total":2}"#),
        ],
    )
    .await;

    change()
        .write(ORDERS, "a", ABSENT, "{}")
        .commit_to(store)
        .await;
    let counts = async |conditions: &[Condition]| {
        let counted = store.count(DASHBOARD, conditions).await;
        counted.expect("rows can be counted")
    };
    let placed = status(Comparison::Equal, json!("placed"));
    let small = total(Comparison::Less, json!(2));

    assert_eq!(counts(&[]).await, 3);
    assert_eq!(counts(std::slice::from_ref(&placed)).await, 2);
    assert_eq!(counts(&[placed.clone(), small]).await, 1);
    assert_eq!(counts(&[status(Comparison::Equal, json!("lost"))]).await, 0);
    let found = Query {
        conditions: vec![placed],
        ..Query::default()
    };
    let values = query(store, &found)
        .await
        .into_iter()
        .map(|row| row.value.to_value());

    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            json!({ "status": "placed", "total": 1 }),
            json!({ "status": "placed", "total": 2 }),
        ]
    );
}

async fn write_rows<S: Store + ?Sized, const N: usize>(store: &S, rows: [(&str, &str); N]) {
    let written = rows.iter().fold(change(), |changes, (id, json)| {
        changes.write(DASHBOARD, id, ABSENT, json)
    });
    written.commit_to(store).await;
}

fn condition(field: &str, comparison: Comparison, value: Value) -> Condition {
    Condition {
        field: field.into(),
        comparison,
        value,
    }
}

fn status(comparison: Comparison, value: Value) -> Condition {
    condition("status", comparison, value)
}

fn total(comparison: Comparison, value: Value) -> Condition {
    condition("total", comparison, value)
}
