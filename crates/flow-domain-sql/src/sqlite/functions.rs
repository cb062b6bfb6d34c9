//! The comparison of the port as functions of SQLite.

use flow_domain::{
    json::{Json, SortKey},
    message::Payload,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, QueriedRow, RowKeys},
};
use rusqlite::{
    Connection, Error, Result,
    functions::{Context, FunctionFlags},
};

/// Adds the functions to a connection.
///
/// `meets(id, value, field, comparison, json)` is true if a field meets a condition, and
/// `sort_key(id, value, field)` is its place in a sort.
pub(super) fn add(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("meets", 5, flags, meets)?;
    connection.create_scalar_function("sort_key", 3, flags, sort_key)
}

/// The number of a comparison in a statement.
pub(super) fn comparison_number(comparison: Comparison) -> i64 {
    match comparison {
        Comparison::Equal => 0,
        Comparison::NotEqual => 1,
        Comparison::Less => 2,
        Comparison::AtMost => 3,
        Comparison::Greater => 4,
        Comparison::AtLeast => 5,
    }
}

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::Greater,
    Comparison::AtLeast,
];

fn meets(context: &Context<'_>) -> Result<bool> {
    let (id, value) = row(context)?;
    // The condition is the same for all rows of a statement.
    let condition = context.get_or_create_aux(4, |_json| condition(context))?;

    let keys = RowKeys::default();
    let mut row = QueriedRow::new(&id, &value, &keys);
    row.meets(std::slice::from_ref(&*condition))
        .map_err(|err| failure(&err))
}

fn condition(context: &Context<'_>) -> Result<Condition> {
    let (number, json): (u8, String) = (context.get(3)?, context.get(4)?);
    let json: Json = json.parse().map_err(|err| failure(&err))?;

    Ok(Condition {
        field: context.get(2)?,
        comparison: COMPARISONS
            .get(usize::from(number))
            .copied()
            .unwrap_or(Comparison::Equal),
        value: FieldValue::Json(json),
    })
}

fn sort_key(context: &Context<'_>) -> Result<String> {
    let (id, value) = row(context)?;
    let order = OrderBy {
        field: context.get(2)?,
        is_declared: false,
        direction: Direction::Ascending,
    };

    let keys = RowKeys::default();
    let values = QueriedRow::new(&id, &value, &keys)
        .sort_values(&[order])
        .map_err(|err| failure(&err))?;
    Ok(match values.first() {
        Some(FieldValue::Json(json)) => key_of_json(json),
        _ => SortKey::null().as_str().to_owned(),
    })
}

/// Returns a text that is sorted like the value. Arrays are equal in a sort, and so are objects.
fn key_of_json(json: &Json) -> String {
    let key = match json {
        Json::Null => SortKey::null(),
        Json::Bool(value) => SortKey::bool(*value),
        Json::Number(number) => SortKey::number(number),
        Json::String(text) => SortKey::text(text),
        Json::Array(_) => return "8".to_owned(),
        Json::Object(_) => return "9".to_owned(),
    };
    key.as_str().to_owned()
}

fn row(context: &Context<'_>) -> Result<(String, Payload)> {
    let (id, value): (String, String) = (context.get(0)?, context.get(1)?);
    Ok((id, Payload::from_json(value)))
}

/// SQLite keeps only the text of an error.
fn failure(err: &flow_domain::Error) -> Error {
    Error::UserFunctionError(err.with_causes().to_string().into())
}
