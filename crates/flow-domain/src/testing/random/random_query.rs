use crate::{
    json::Json,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query},
    testing::random::Rng,
};

const FIELDS: [&str; 2] = ["status", "total"];

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
    let conditions = (0..rng.below(3)).map(|_| Condition {
        field: rng.pick(&FIELDS).to_owned(),
        comparison: rng.pick(&comparisons),
        value: FieldValue::Json(random_value(rng)),
    });
    let conditions: Vec<Condition> = conditions.collect();
    let order = (0..rng.below(3)).map(|_| OrderBy {
        field: rng.pick(&FIELDS).to_owned(),
        is_declared: false,
        direction: rng.pick(&[Direction::Ascending, Direction::Descending]),
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
