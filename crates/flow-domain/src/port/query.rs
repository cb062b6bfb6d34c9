use std::cmp::Ordering;

use crate::{
    error::Error,
    json::{Json, SortKey},
    message::Payload,
    port::RowKeys,
};

/// Selects and sorts the rows of a projection.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// The conditions. A row must meet all of them.
    pub conditions: Vec<Condition>,
    /// The fields to sort by, the most significant first.
    pub order: Vec<OrderBy>,
    /// The maximum number of rows, or `None` for all of them.
    pub limit: Option<usize>,
    /// The number of rows to skip at the start.
    pub offset: usize,
}

/// A field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// The name of the field in the JSON of the row.
    pub field: String,
    /// Whether the field is declared. Then the rows are sorted by its [`SortKey`], and otherwise by
    /// its JSON.
    pub is_declared: bool,
    /// The direction.
    pub direction: Direction,
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
    pub value: FieldValue,
}

/// The value of a field, as it is compared and sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// The key of a declared field.
    Key(SortKey),
    /// The JSON of any other field. A missing field is `null`.
    Json(Json),
}

/// How a field is compared with a value.
///
/// A declared field is compared by its type. Any other field is compared by its JSON: numbers by size,
/// strings by their Unicode code points, `false` before `true`.
///
/// In a condition, values of different kinds are neither equal nor ordered. Only
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

/// A stored row, whose fields a query reads.
#[derive(Debug)]
pub struct QueriedRow<'a> {
    id: &'a str,
    value: &'a Payload,
    keys: &'a RowKeys,
    /// The JSON of the row, after it was needed for the first time.
    json: Option<Json>,
}

impl<'a> QueriedRow<'a> {
    /// Wraps a stored row.
    pub fn new(id: &'a str, value: &'a Payload, keys: &'a RowKeys) -> Self {
        Self {
            id,
            value,
            keys,
            json: None,
        }
    }

    /// Returns true if the row meets all conditions.
    ///
    /// # Errors
    ///
    /// Returns an error if the row is not JSON, or if it has no key for a declared field.
    pub fn meets(&mut self, conditions: &[Condition]) -> Result<bool, Error> {
        for condition in conditions {
            let order = match &condition.value {
                FieldValue::Key(key) => self.key(&condition.field)?.compare_same_kind(key),
                FieldValue::Json(json) => self.json(&condition.field)?.compare_same_kind(json),
            };
            if !condition.comparison.holds_for(order) {
                return Ok(false);
            }
        }

        Ok(true)
    }

    /// Returns the values that the row is sorted by.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`meets`](Self::meets).
    pub fn sort_values(&mut self, order: &[OrderBy]) -> Result<Vec<FieldValue>, Error> {
        let mut values = Vec::with_capacity(order.len());
        for order_by in order {
            values.push(if order_by.is_declared {
                FieldValue::Key(self.key(&order_by.field)?.clone())
            } else {
                FieldValue::Json(self.json(&order_by.field)?.clone())
            });
        }

        Ok(values)
    }

    pub(crate) fn key(&self, field: &str) -> Result<&'a SortKey, Error> {
        self.keys
            .get(field)
            .ok_or_else(|| Self::missing_key(self.id, field))
    }

    /// Returns the error for a query by a declared field of which the row `id` has no key.
    ///
    /// A store returns it if it compares keys itself.
    pub fn missing_key(id: &str, field: &str) -> Error {
        Error::setup(format!(
            "row `{id}` was stored before `{field}` was declared in `index(..)`: rebuild the projection"
        ))
    }

    fn json(&mut self, field: &str) -> Result<&Json, Error> {
        let json = match self.json.take() {
            Some(json) => json,
            None => self
                .value
                .to_json()
                .map_err(|err| Error::codec("deserializing", format!("row `{}`", self.id), err))?,
        };

        Ok(self.json.insert(json).get(field).unwrap_or(&Json::Null))
    }
}

impl Comparison {
    /// `order` is that of the field and the value, or `None` if their kinds differ.
    fn holds_for(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl FieldValue {
    fn sort_order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Key(left), Self::Key(right)) => left.cmp(right),
            (Self::Json(left), Self::Json(right)) => left.sort_order(right),
            (Self::Key(_), Self::Json(_)) => Ordering::Less,
            (Self::Json(_), Self::Key(_)) => Ordering::Greater,
        }
    }
}

impl From<Json> for FieldValue {
    fn from(value: Json) -> Self {
        Self::Json(value)
    }
}

/// Compares two rows by the values that they are sorted by.
///
/// Values of different kinds are sorted in this order: `null`, boolean, number, string, array,
/// object.
pub fn compare_sort_values(
    order: &[OrderBy],
    left: &[FieldValue],
    right: &[FieldValue],
) -> Ordering {
    let by_field = |((order_by, left), right): ((&OrderBy, &FieldValue), &FieldValue)| {
        let order = left.sort_order(right);
        match order_by.direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        }
    };

    order
        .iter()
        .zip(left)
        .zip(right)
        .map(by_field)
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        text.parse().expect("it is JSON")
    }

    fn meets(row: &str, condition: Condition) -> bool {
        let (value, keys) = (Payload::from_json(row), RowKeys::default());
        QueriedRow::new("1", &value, &keys)
            .meets(&[condition])
            .expect("the row is JSON")
    }

    #[track_caller]
    fn check(found: &Json, comparison: Comparison, value: &Json, expected: bool) {
        let condition = Condition {
            field: "field".into(),
            comparison,
            value: value.clone().into(),
        };

        assert_eq!(
            meets(&format!(r#"{{"field":{found}}}"#), condition),
            expected
        );
    }

    #[test]
    fn numbers_compare_by_size() {
        check(&Json::from(2), Comparison::Less, &Json::from(10), true);
        check(&json("2.5"), Comparison::AtLeast, &Json::from(2), true);
        check(&Json::from(2), Comparison::Equal, &json("2.0"), true);
        check(
            &Json::from(u64::MAX),
            Comparison::Greater,
            &Json::from(-1),
            true,
        );
    }

    #[test]
    fn large_integers_compare_exactly_with_floats() {
        let float = json("9007199254740992.0");

        check(
            &Json::from(9_007_199_254_740_992_u64),
            Comparison::Equal,
            &float,
            true,
        );
        check(
            &Json::from(9_007_199_254_740_993_u64),
            Comparison::Greater,
            &float,
            true,
        );
        check(&Json::from(2), Comparison::Less, &json("2.5"), true);
        check(&Json::from(-2), Comparison::Greater, &json("-2.5"), true);
    }

    #[test]
    fn different_kinds_are_neither_equal_nor_ordered() {
        check(&Json::from("2"), Comparison::Equal, &Json::from(2), false);
        check(&Json::from("2"), Comparison::NotEqual, &Json::from(2), true);
        check(&Json::from("2"), Comparison::Less, &Json::from(3), false);
        check(&Json::Null, Comparison::AtMost, &Json::from(3), false);
    }

    #[test]
    fn missing_field_is_null() {
        let condition = Condition {
            field: "note".into(),
            comparison: Comparison::Equal,
            value: Json::Null.into(),
        };

        assert!(meets(r#"{"status":"placed"}"#, condition));
    }

    #[test]
    fn row_without_a_key_of_a_declared_field_is_an_error() {
        let (value, keys) = (Payload::from_json("{}"), RowKeys::default());
        let mut row = QueriedRow::new("7", &value, &keys);

        let err = row.sort_values(&[OrderBy {
            field: "due_at".into(),
            is_declared: true,
            direction: Direction::Ascending,
        }]);
        assert_eq!(
            err.expect_err("there is no key").to_string(),
            "row `7` was stored before `due_at` was declared in `index(..)`: rebuild the projection"
        );
    }

    #[test]
    fn row_that_is_not_json_is_an_error() {
        let (value, keys) = (Payload::from_json("{"), RowKeys::default());
        let condition = Condition {
            field: "note".into(),
            comparison: Comparison::Equal,
            value: Json::Null.into(),
        };

        let err = QueriedRow::new("7", &value, &keys).meets(&[condition]);
        let err = err.expect_err("the row is not JSON");
        assert!(err.is_codec());
        assert_eq!(err.to_string(), "deserializing `row `7`` failed");
    }
}
