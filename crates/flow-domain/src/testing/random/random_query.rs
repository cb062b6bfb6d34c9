use crate::{
    json::{Json, SortKey},
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query, RowKeys},
    testing::random::Rng,
};

const FIELDS: [&str; 2] = ["status", "total"];

/// The declared fields of a row. Their keys have nothing to do with its JSON.
const DECLARED: [&str; 2] = ["amount", "due_at"];

/// Values of all kinds, with numbers and texts that databases tend to read in their own way.
const VALUES: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "-1",
    "2",
    "2.0",
    "2.5",
    "1e3",
    "0.1",
    "9007199254740993",
    "1e400",
    r#""""#,
    r#""2""#,
    r#""Z""#,
    r#""a""#,
    r#""\u00e9""#,
    r#""\u0000a""#,
    r#""\ud83d\ude00""#,
    "[1]",
    r#"{"a":1}"#,
];

/// Returns the JSON of a row with random fields.
pub(super) fn random_row(rng: &mut Rng) -> String {
    let fields: Vec<String> = FIELDS
        .into_iter()
        .filter_map(|field| {
            let is_missing = rng.below(5) == 0;
            let value = rng.pick(&VALUES);
            (!is_missing).then(|| format!(r#""{field}":{value}"#))
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Returns a key for each declared field. Few rows have none, as if they were stored before the declaration.
pub(super) fn random_keys(rng: &mut Rng) -> RowKeys {
    if rng.below(200) == 0 {
        return RowKeys::default();
    }
    DECLARED
        .into_iter()
        .map(|field| (field, random_key(rng)))
        .collect()
}

fn random_key(rng: &mut Rng) -> SortKey {
    let time = rng.pick(&[-1, 0, 1, 1_767_225_600_000_000_000, i128::MAX, i128::MIN]);

    match rng.below(4) {
        0 => SortKey::time(time),
        // Arrays and objects have no key.
        _ => SortKey::of_json(&random_value(rng)).unwrap_or_else(SortKey::null),
    }
}

/// Returns a query with random conditions, sorting and limits.
pub(super) fn random_query(rng: &mut Rng) -> Query {
    let comparisons = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ];
    let conditions = (0..rng.below(3)).map(|_| {
        let (fields, value) = match rng.below(2) {
            0 => (DECLARED, FieldValue::Key(random_key(rng))),
            _ => (FIELDS, FieldValue::Json(random_value(rng))),
        };
        Condition {
            field: rng.pick(&fields).to_owned(),
            comparison: rng.pick(&comparisons),
            value,
        }
    });
    let conditions: Vec<Condition> = conditions.collect();
    let order = (0..rng.below(3)).map(|_| {
        let is_declared = rng.below(2) == 0;
        let fields = if is_declared { DECLARED } else { FIELDS };
        OrderBy {
            field: rng.pick(&fields).to_owned(),
            is_declared,
            direction: rng.pick(&[Direction::Ascending, Direction::Descending]),
        }
    });
    let order: Vec<OrderBy> = order.collect();

    Query {
        conditions,
        order,
        limit: rng.pick(&[None, Some(0), Some(3), Some(50)]),
        offset: rng.pick(&[0, 0, 1, 5]),
    }
}

fn random_value(rng: &mut Rng) -> Json {
    let text = rng.pick(&VALUES);
    text.parse().expect("the values are JSON")
}
