use crate::{
    json::Json,
    port::{Comparison, Condition, Direction, OrderBy, Query, Store},
    testing::contract::fixture::{ABSENT, DASHBOARD, ORDERS, change, exact, find_ids, json, query},
};

/// A query returns the rows that meet all conditions.
///
/// Numbers are compared by size, and strings by their code points. In a condition, values of
/// different kinds are neither equal nor ordered. A missing field is `null`.
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

    check_conditions_on_status(store).await;
    check_conditions_on_total(store).await;

    let both = vec![
        status(Comparison::NotEqual, Json::from("paid")),
        total(Comparison::Greater, Json::from(0)),
    ];
    assert_eq!(find_ids_where(store, both).await, "a c");
    let quoted = condition("it's \"in\"", Comparison::Equal, Json::Bool(true));
    assert_eq!(find_ids_where(store, vec![quoted]).await, "a");
}

async fn check_conditions_on_status<S: Store + ?Sized>(store: &S) {
    let finds = async |comparison, value| {
        let conditions = vec![status(comparison, value)];
        find_ids_where(store, conditions).await
    };

    assert_eq!(finds(Comparison::Equal, Json::from("paid")).await, "b");
    assert_eq!(finds(Comparison::Equal, Json::from("pai")).await, "");
    assert_eq!(finds(Comparison::Equal, Json::Null).await, "d e");
    assert_eq!(
        finds(Comparison::NotEqual, Json::from("paid")).await,
        "a c d e"
    );
    assert_eq!(finds(Comparison::Less, Json::from("placed")).await, "b c");
}

async fn check_conditions_on_total<S: Store + ?Sized>(store: &S) {
    let finds = async |comparison, value| {
        let conditions = vec![total(comparison, value)];
        find_ids_where(store, conditions).await
    };

    assert_eq!(finds(Comparison::Equal, json("2.0")).await, "a");
    assert_eq!(
        finds(Comparison::NotEqual, Json::from("2")).await,
        "a b c e"
    );
    assert_eq!(finds(Comparison::Less, Json::from(10)).await, "a c e");
    assert_eq!(finds(Comparison::AtMost, Json::from(2)).await, "a e");
    assert_eq!(finds(Comparison::Greater, Json::from(2)).await, "b c");
    assert_eq!(finds(Comparison::AtLeast, json("2.5")).await, "b c");
}

async fn find_ids_where<S: Store + ?Sized>(store: &S, conditions: Vec<Condition>) -> String {
    let query = Query {
        conditions,
        ..Query::default()
    };
    find_ids(store, &query).await
}

/// A query sorts rows by several fields, then applies `offset`, then `limit`.
///
/// In a sort, values of different kinds come in this order: `null`, boolean, number, string.
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
                .map(|(field, direction)| by_json(field, *direction))
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

/// Rows that are equal in the order of a query are sorted by the code points of their ids.
///
/// Neither the direction of the query nor the order of the writes changes that.
pub async fn query_breaks_ties_by_id<S: Store + ?Sized>(store: &S) {
    let equal_rows = [
        ("b-2", "{}"),
        ("a", "{}"),
        ("é", "{}"),
        ("b-10", "{}"),
        ("Z", "{}"),
    ];
    write_rows(store, equal_rows).await;
    change()
        .write(DASHBOARD, "a", exact(1), "{}")
        .commit_to(store)
        .await;

    let sorted = |direction| Query {
        order: vec![by_json("status", direction)],
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

/// `count` applies the same conditions as `query`, and `query` returns whole rows.
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
        let n_rows = store.count(DASHBOARD, conditions).await;
        n_rows.expect("`count` must succeed")
    };
    let placed = status(Comparison::Equal, Json::from("placed"));
    let small = total(Comparison::Less, Json::from(2));

    assert_eq!(counts(&[]).await, 3);
    assert_eq!(counts(std::slice::from_ref(&placed)).await, 2);
    assert_eq!(counts(&[placed.clone(), small]).await, 1);
    assert_eq!(
        counts(&[status(Comparison::Equal, Json::from("lost"))]).await,
        0
    );

    let placed_rows = Query {
        conditions: vec![placed],
        ..Query::default()
    };
    let values: Vec<Json> = query(store, &placed_rows)
        .await
        .into_iter()
        .map(|row| row.value.to_json().expect("the store returns JSON"))
        .collect();
    assert_eq!(
        values,
        [
            json(r#"{"status":"placed","total":1}"#),
            json(r#"{"status":"placed","total":2}"#),
        ]
    );
}

async fn write_rows<S: Store + ?Sized, const N: usize>(store: &S, rows: [(&str, &str); N]) {
    let changes = rows.iter().fold(change(), |changes, (id, json)| {
        changes.write(DASHBOARD, id, ABSENT, json)
    });

    changes.commit_to(store).await;
}

fn condition(field: &str, comparison: Comparison, value: Json) -> Condition {
    Condition {
        field: field.into(),
        comparison,
        value: value.into(),
    }
}

fn by_json(field: &str, direction: Direction) -> OrderBy {
    OrderBy {
        field: field.to_owned(),
        is_declared: false,
        direction,
    }
}

fn status(comparison: Comparison, value: Json) -> Condition {
    condition("status", comparison, value)
}

fn total(comparison: Comparison, value: Json) -> Condition {
    condition("total", comparison, value)
}
