use std::cmp::Ordering;

use crate::json::Json;

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
    pub value: Json,
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
    pub fn holds_for(&self, row: &Json) -> bool {
        let field_value = row.get(&self.field).unwrap_or(&Json::Null);
        let order = field_value.compare_same_kind(&self.value);

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
    pub fn matches(&self, row: &Json) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds_for(row))
    }

    /// Compares two rows by the fields to sort by.
    ///
    /// Values of different kinds are sorted in this order: `null`, boolean, number, string, array,
    /// object.
    pub fn compare(&self, left: &Json, right: &Json) -> Ordering {
        let by_field = |(field, direction): &(String, Direction)| {
            let left = left.get(field).unwrap_or(&Json::Null);
            let order = left.sort_order(right.get(field).unwrap_or(&Json::Null));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        text.parse().expect("it is JSON")
    }

    #[track_caller]
    fn check(found: &Json, comparison: Comparison, value: &Json, expected: bool) {
        let condition = Condition {
            field: "field".into(),
            comparison,
            value: value.clone(),
        };

        assert_eq!(
            condition.holds_for(&Json::Object([("field".to_owned(), found.clone())].into())),
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
            value: Json::Null,
        };

        assert!(condition.holds_for(&json(r#"{"status":"placed"}"#)));
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
        let cheap = json(r#"{"status":"placed","total":1}"#);
        let dear = json(r#"{"status":"placed","total":2}"#);

        assert_eq!(query.compare(&dear, &cheap), Ordering::Less);
        assert_eq!(
            query.compare(&cheap, &json(r#"{"status":"draft"}"#)),
            Ordering::Greater
        );
    }
}
