use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Selects and sorts the rows of a projection.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// The conditions. A row must meet all of them.
    pub conditions: Vec<Condition>,
    /// The fields to sort by, the most significant first.
    pub order: Vec<(String, Direction)>,
    /// The maximum number of rows, or `None` for all of them.
    pub limit: Option<usize>,
    /// The number of rows to skip at the start.
    pub offset: usize,
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest value first.
    Ascending,
    /// The greatest value first.
    Descending,
}

/// A condition on one field of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The name of the field in the JSON of the row.
    pub field: String,
    /// How the field is compared with `value`.
    pub comparison: Comparison,
    /// The value to compare with.
    pub value: Value,
}

/// How a field is compared with a value.
///
/// Values of one kind are ordered: numbers by size, strings by their Unicode code points, `false`
/// before `true`. In a condition, values of different kinds are neither equal nor ordered. Only
/// [`NotEqual`](Self::NotEqual) is true for them. The same applies to two different arrays or
/// objects. A missing field is `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The field is equal to the value.
    Equal,
    /// The field is not equal to the value.
    NotEqual,
    /// The field is smaller.
    Less,
    /// The field is smaller or equal.
    AtMost,
    /// The field is greater.
    Greater,
    /// The field is greater or equal.
    AtLeast,
}

impl Condition {
    /// Returns true if `row` meets the condition.
    pub fn holds_for(&self, row: &Value) -> bool {
        let field_value = row.get(&self.field).unwrap_or(&Value::Null);
        let order = compare_same_kind(field_value, &self.value);

        match self.comparison {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::AtMost => order.is_some_and(Ordering::is_le),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Query {
    /// Returns true if `row` meets all conditions.
    pub fn matches(&self, row: &Value) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds_for(row))
    }

    /// Compares two rows by the fields to sort by.
    ///
    /// Values of different kinds are sorted in this order: `null`, boolean, number, string, array,
    /// object.
    pub fn compare(&self, left: &Value, right: &Value) -> Ordering {
        let by_field = |(field, direction): &(String, Direction)| {
            let order = compare_values(
                left.get(field).unwrap_or(&Value::Null),
                right.get(field).unwrap_or(&Value::Null),
            );
            match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            }
        };

        self.order
            .iter()
            .map(by_field)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

fn compare_values(left: &Value, right: &Value) -> Ordering {
    compare_same_kind(left, right).unwrap_or_else(|| kind_rank(left).cmp(&kind_rank(right)))
}

/// Compares two values of the same kind.
///
/// Returns `None` if the kinds differ, or if the values are different arrays or objects.
fn compare_same_kind(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => {
            (left == right).then_some(Ordering::Equal)
        }
        _ => None,
    }
}

fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => Some(compare_integer_with_float(left, right.as_f64()?)),
        (None, Some(right)) => Some(compare_integer_with_float(right, left.as_f64()?).reverse()),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Compares exactly, without a conversion of `integer` to a float.
///
/// Such a conversion may round two neighbouring integers to one float. Then the order would not be
/// transitive, and a sort would be wrong.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to `i128` saturates, which keeps the order"
)]
fn compare_integer_with_float(integer: i128, float: f64) -> Ordering {
    let floor = float.floor();
    let if_floor_is_equal = if floor < float {
        Ordering::Less
    } else {
        Ordering::Equal
    };

    integer.cmp(&(floor as i128)).then(if_floor_is_equal)
}

/// Returns the place of the kind of `value` when values of different kinds are sorted.
fn kind_rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(found: &Value, comparison: Comparison, value: &Value, expected: bool) {
        let condition = Condition {
            field: "field".into(),
            comparison,
            value: value.clone(),
        };

        assert_eq!(condition.holds_for(&json!({ "field": found })), expected);
    }

    #[test]
    fn numbers_compare_by_size() {
        check(&json!(2), Comparison::Less, &json!(10), true);
        check(&json!(2.5), Comparison::AtLeast, &json!(2), true);
        check(&json!(2), Comparison::Equal, &json!(2.0), true);
        check(&json!(u64::MAX), Comparison::Greater, &json!(-1), true);
    }

    #[test]
    fn large_integers_compare_exactly_with_floats() {
        let float = json!(9_007_199_254_740_992.0);

        check(
            &json!(9_007_199_254_740_992_u64),
            Comparison::Equal,
            &float,
            true,
        );
        check(
            &json!(9_007_199_254_740_993_u64),
            Comparison::Greater,
            &float,
            true,
        );
        check(&json!(2), Comparison::Less, &json!(2.5), true);
        check(&json!(-2), Comparison::Greater, &json!(-2.5), true);
    }

    #[test]
    fn different_kinds_are_neither_equal_nor_ordered() {
        check(&json!("2"), Comparison::Equal, &json!(2), false);
        check(&json!("2"), Comparison::NotEqual, &json!(2), true);
        check(&json!("2"), Comparison::Less, &json!(3), false);
        check(&json!(null), Comparison::AtMost, &json!(3), false);
    }

    #[test]
    fn missing_field_is_null() {
        let condition = Condition {
            field: "note".into(),
            comparison: Comparison::Equal,
            value: Value::Null,
        };

        assert!(condition.holds_for(&json!({ "status": "placed" })));
    }

    #[test]
    fn rows_are_sorted_by_one_field_after_the_other() {
        let query = Query {
            order: vec![
                ("status".into(), Direction::Ascending),
                ("total".into(), Direction::Descending),
            ],
            ..Query::default()
        };
        let cheap = json!({ "status": "placed", "total": 1 });
        let dear = json!({ "status": "placed", "total": 2 });

        assert_eq!(query.compare(&dear, &cheap), Ordering::Less);
        assert_eq!(
            query.compare(&cheap, &json!({ "status": "draft" })),
            Ordering::Greater
        );
    }
}
