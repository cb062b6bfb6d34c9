use std::collections::BTreeMap;

use crate::{
    clock::Timestamp,
    json::SortKey,
    message::ExpectedVersion,
    model::Sortable,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query, RowKeys, Store},
    testing::contract::fixture::{ABSENT, DASHBOARD, change, exact, find_ids, get},
};

/// The fields of the rows. The JSON of each sorts differently from the value.
const FIELDS: [&str; 3] = ["due_at", "total", "name"];

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::Greater,
    Comparison::AtLeast,
];

/// A declared field is compared and sorted by its key, as bytes.
///
/// `limit` and `offset` count the rows in this order. Rows with equal keys are sorted by id. The order
/// stays right after a row is changed or deleted.
pub async fn declared_fields_are_sorted_by_key<S: Store + ?Sized>(store: &S) {
    let mut rows = DeclaredRows::default();

    for n in 0..40 {
        let id = format!("row-{}", n % 30);
        match n % 7 {
            6 => rows.delete(store, &id).await,
            _ => rows.write(store, &id, n).await,
        }
    }

    rows.check_queries(store).await;
}

/// The sort keys of a row come back as they were written, and go when the row is written without them.
pub async fn sort_keys_come_back<S: Store + ?Sized>(store: &S) {
    let keys: RowKeys = [
        ("total", 2.5.sort_key()),
        ("name", "it's \u{0}\u{1}\"\\".sort_key()),
        ("due_at", None::<Timestamp>.sort_key()),
    ]
    .into_iter()
    .collect();

    change()
        .write_row(DASHBOARD, "1", ABSENT, "{}", keys.clone())
        .commit_to(store)
        .await;
    let stored = get(store, DASHBOARD, "1").await.expect("was written");
    assert_eq!(stored.keys, keys);

    change()
        .write(DASHBOARD, "1", exact(1), "{}")
        .commit_to(store)
        .await;
    let stored = get(store, DASHBOARD, "1").await.expect("was written");
    assert_eq!(stored.keys, RowKeys::default());
}

/// A query by a declared field is an error if a row has no key for it. The error names the row.
pub async fn row_without_a_key_is_an_error<S: Store + ?Sized>(store: &S) {
    let key = |total: i32| [("total", total.sort_key())].into_iter().collect();
    change()
        .write_row(DASHBOARD, "1", ABSENT, "{}", key(1))
        .write(DASHBOARD, "2", ABSENT, "{}")
        .commit_to(store)
        .await;
    let sorted = Query {
        order: vec![by("total", Direction::Ascending)],
        ..Query::default()
    };
    let small = Condition {
        field: "total".to_owned(),
        comparison: Comparison::Less,
        value: FieldValue::Key(5.sort_key()),
    };

    for err in [
        store.query(DASHBOARD, &sorted).await.err(),
        store
            .count(DASHBOARD, std::slice::from_ref(&small))
            .await
            .err(),
    ] {
        let err = err.expect("a row has no key");
        assert!(err.is_setup());
        assert_eq!(
            err.to_string(),
            "row `2` was stored before `total` was declared in `index(..)`: rebuild the projection"
        );
    }

    change()
        .write_row(DASHBOARD, "2", exact(1), "{}", key(0))
        .commit_to(store)
        .await;
    assert_eq!(find_ids(store, &sorted).await, "2 1");
}

/// The rows that a store must have, with the keys of their fields.
#[derive(Clone, Default)]
pub(crate) struct DeclaredRows {
    keys: BTreeMap<String, RowKeys>,
    versions: BTreeMap<String, u64>,
}

impl DeclaredRows {
    /// Writes a row whose values depend on `n`. Some values are equal, and some are missing.
    pub(crate) async fn write<S: Store + ?Sized>(&mut self, store: &S, id: &str, n: u32) {
        let due_at = (!n.is_multiple_of(5))
            .then(|| Timestamp::from_micros(i64::from(n * 7919 % 11) * 500_000));
        let total = i128::from(n * 31 % 13) * 10_i128.pow(n % 3 * 12) - 500;
        let name = ["Zoe", "ann", "\u{e9}va", "ann-\u{0}", "ann-"][n as usize % 5];
        let keys: RowKeys = [
            ("due_at", due_at.sort_key()),
            ("total", total.sort_key()),
            ("name", name.sort_key()),
        ]
        .into_iter()
        .collect();

        // The JSON has other values, so a store that sorts by it is found out.
        let json = format!(r#"{{"due_at":{},"total":"{n}","name":{n}}}"#, n % 3);
        change()
            .write_row(DASHBOARD, id, self.expected(id), &json, keys.clone())
            .commit_to(store)
            .await;
        self.keys.insert(id.to_owned(), keys);
        self.count_write(id);
    }

    /// Deletes a row, if there is one.
    pub(crate) async fn delete<S: Store + ?Sized>(&mut self, store: &S, id: &str) {
        if self.keys.remove(id).is_some() {
            let version = exact(self.versions[id]);
            change()
                .delete(DASHBOARD, id, version)
                .commit_to(store)
                .await;
            self.count_write(id);
        }
    }

    fn expected(&self, id: &str) -> ExpectedVersion {
        if self.keys.contains_key(id) {
            exact(self.versions[id])
        } else {
            ABSENT
        }
    }

    fn count_write(&mut self, id: &str) {
        *self.versions.entry(id.to_owned()).or_default() += 1;
    }

    /// Checks many queries against a list of all rows.
    pub(crate) async fn check_queries<S: Store + ?Sized>(&self, store: &S) {
        let orders = orders();

        for (idx, condition) in self.conditions().into_iter().enumerate() {
            let query = Query {
                conditions: condition.into_iter().collect(),
                order: orders[idx % orders.len()].clone(),
                limit: [None, Some(1), Some(5)][idx % 3],
                offset: [0, 0, 2, 30][idx % 4],
            };

            assert_eq!(
                find_ids(store, &query).await,
                self.expected_ids(&query).join(" "),
                "{query:?}"
            );
            let conditions = query.conditions.clone();
            let all = Query {
                conditions: query.conditions,
                ..Query::default()
            };
            assert_eq!(
                store.count(DASHBOARD, &conditions).await.ok(),
                Some(self.expected_ids(&all).len()),
                "{conditions:?}"
            );
        }
    }

    /// Returns no condition, and a condition of each kind for values that rows have.
    fn conditions(&self) -> Vec<Option<Condition>> {
        let mut conditions = vec![None; 7];
        for (idx, keys) in self.keys.values().enumerate() {
            for (field_idx, field) in FIELDS.into_iter().enumerate() {
                conditions.push(keys.get(field).map(|key| Condition {
                    field: field.to_owned(),
                    comparison: COMPARISONS[(idx + field_idx) % COMPARISONS.len()],
                    value: FieldValue::Key(key.clone()),
                }));
            }
        }
        conditions
    }

    fn expected_ids(&self, query: &Query) -> Vec<String> {
        let mut found: Vec<(&String, &RowKeys)> = self
            .keys
            .iter()
            .filter(|(_, keys)| {
                query
                    .conditions
                    .iter()
                    .all(|condition| holds(condition, keys))
            })
            .collect();

        // The list is sorted by id, and each sort is stable.
        for order_by in query.order.iter().rev() {
            found.sort_by(|(_, left), (_, right)| {
                let order = left.get(&order_by.field).cmp(&right.get(&order_by.field));
                match order_by.direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                }
            });
        }

        found
            .into_iter()
            .skip(query.offset)
            .take(query.limit.unwrap_or(usize::MAX))
            .map(|(id, _)| id.clone())
            .collect()
    }
}

fn orders() -> [Vec<OrderBy>; 5] {
    let (up, down) = (Direction::Ascending, Direction::Descending);
    [
        Vec::new(),
        vec![by("due_at", up)],
        vec![by("due_at", down)],
        vec![by("name", down), by("total", up)],
        vec![by("total", down)],
    ]
}

/// Sorts by a declared field.
pub(crate) fn by(field: &str, direction: Direction) -> OrderBy {
    OrderBy {
        field: field.to_owned(),
        is_declared: true,
        direction,
    }
}

fn holds(condition: &Condition, keys: &RowKeys) -> bool {
    let FieldValue::Key(value) = &condition.value else {
        unreachable!("the conditions compare keys")
    };
    let key = keys.get(&condition.field).expect("each row has each key");
    let is_null = |key: &SortKey| *key == SortKey::null();
    let is_same_kind = is_null(key) == is_null(value);

    match condition.comparison {
        Comparison::Equal => key == value,
        Comparison::NotEqual => key != value,
        Comparison::Less => is_same_kind && key < value,
        Comparison::AtMost => is_same_kind && key <= value,
        Comparison::Greater => is_same_kind && value < key,
        Comparison::AtLeast => is_same_kind && value <= key,
    }
}
