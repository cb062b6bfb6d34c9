use serde_json::Value;

use crate::value::{cut_middle, max_width};

/// A field in which two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The path of the field as text: `lines[1].price`.
    pub(crate) path: String,
    parts: Vec<PathPart>,
    pub(crate) expected: Option<Value>,
    pub(crate) found: Option<Value>,
}

/// A step from a value into one of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PathPart {
    Field(String),
    Index(usize),
}

impl Difference {
    /// Returns the difference of a whole field of an object.
    pub(crate) fn in_field(name: &str, expected: Option<Value>, found: Option<Value>) -> Self {
        Self::new(&[PathPart::Field(name.to_owned())], expected, found)
    }

    fn new(parts: &[PathPart], expected: Option<Value>, found: Option<Value>) -> Self {
        let mut path = String::new();
        for part in parts {
            match part {
                PathPart::Field(name) if path.is_empty() => path.push_str(name),
                PathPart::Field(name) => path.extend([".", name]),
                PathPart::Index(idx) => path.extend(["[", &idx.to_string(), "]"]),
            }
        }

        Self {
            path,
            parts: parts.to_vec(),
            expected,
            found,
        }
    }

    /// Returns the value of the field in another version of the whole value.
    pub(crate) fn value_in<'v>(&self, whole: &'v Value) -> Option<&'v Value> {
        self.parts.iter().try_fold(whole, |value, part| match part {
            PathPart::Field(name) => value.get(name),
            PathPart::Index(idx) => value.get(idx),
        })
    }

    /// Returns the name of the last field in the path: `price`.
    pub(crate) fn field_name(&self) -> &str {
        let mut parts = self.parts.iter().rev();
        let last_field = parts.find_map(|part| match part {
            PathPart::Field(name) => Some(name.as_str()),
            PathPart::Index(_) => None,
        });

        last_field.unwrap_or_default()
    }
}

/// Returns one difference for each path at which `found` differs from `expected`.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<Difference> {
    Comparison::default().run(expected, found)
}

/// Returns the differences like [`differences`], but ignores fields that `expected` does not have.
pub(crate) fn partial_differences(expected: &Value, found: &Value) -> Vec<Difference> {
    let comparison = Comparison {
        only_expected: true,
        ..Comparison::default()
    };
    comparison.run(expected, found)
}

/// Returns true if `found` has all fields of `expected`, with the same values.
///
/// `found` may have more fields, but its arrays must have the same length.
pub(crate) fn is_like(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| is_like(value, found))),
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(expected, found)| is_like(expected, found))
        }
        _ => expected == found,
    }
}

/// Returns true if the values inside of all objects and arrays are the same, in any order.
pub(crate) fn has_same_leaves(left: &Value, right: &Value) -> bool {
    sorted_leaves(left) == sorted_leaves(right)
}

fn sorted_leaves(value: &Value) -> Vec<&Value> {
    let mut leaves = Vec::new();
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(fields) => rest.extend(fields.values()),
            Value::Array(elements) => rest.extend(elements),
            leaf => leaves.push(leaf),
        }
    }

    leaves.sort_by_cached_key(ToString::to_string);
    leaves
}

/// A comparison of two values, and the differences so far.
#[derive(Default)]
struct Comparison {
    /// Whether fields that the expected value does not have are ignored.
    only_expected: bool,
    /// The path of the values that are compared now.
    parts: Vec<PathPart>,
    differences: Vec<Difference>,
}

impl Comparison {
    fn run(mut self, expected: &Value, found: &Value) -> Vec<Difference> {
        self.compare(Some(expected), Some(found));
        self.differences
    }

    fn compare(&mut self, expected: Option<&Value>, found: Option<&Value>) {
        match (expected, found) {
            (expected, found) if expected == found => {}
            (Some(Value::Object(expected)), Some(Value::Object(found))) => {
                let only_expected = self.only_expected;
                let unexpected = found
                    .keys()
                    .filter(|name| !only_expected && !expected.contains_key(*name));

                for name in expected.keys().chain(unexpected) {
                    let part = PathPart::Field(name.clone());
                    self.compare_part(part, expected.get(name), found.get(name));
                }
            }
            (Some(Value::Array(expected)), Some(Value::Array(found))) => {
                for idx in 0..expected.len().max(found.len()) {
                    let part = PathPart::Index(idx);
                    self.compare_part(part, expected.get(idx), found.get(idx));
                }
            }
            (expected, found) => {
                let difference = Difference::new(&self.parts, expected.cloned(), found.cloned());
                self.differences.push(difference);
            }
        }
    }

    fn compare_part(&mut self, part: PathPart, expected: Option<&Value>, found: Option<&Value>) {
        self.parts.push(part);
        self.compare(expected, found);
        self.parts.pop();
    }
}

/// Returns one line for each difference. The first column has the paths.
pub(crate) fn render_differences(list: &[Difference]) -> Vec<String> {
    render_differences_as(list, |expected, found| {
        format!("expected {expected}, found {found}")
    })
}

/// Returns one line for each difference, with the text that `show` makes of the two values.
pub(crate) fn render_differences_as(
    list: &[Difference],
    show: impl Fn(&str, &str) -> String,
) -> Vec<String> {
    let path_width = max_width(list.iter().map(|difference| &*difference.path));
    let render_value = |value: &Option<Value>| match value {
        Some(value) => cut_middle(value.to_string()),
        None => "nothing".to_owned(),
    };

    list.iter()
        .map(|difference| {
            let expected = render_value(&difference.expected);
            let text = show(&expected, &render_value(&difference.found));

            match path_width {
                // The whole values differ.
                0 => text,
                _ => format!("{:<path_width$}  {text}", difference.path),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn diff_lists_only_fields_that_differ() {
        let expected = json!({ "status": "Placed", "total": 1, "lines": [1, 2] });
        let found = json!({ "status": "Draft", "total": 1, "lines": [1], "note": "x" });

        assert_eq!(
            render_differences(&differences(&expected, &found)),
            [
                "lines[1]  expected 2, found nothing",
                r#"status    expected "Placed", found "Draft""#,
                r#"note      expected nothing, found "x""#,
            ]
        );
    }

    #[test]
    fn diff_of_whole_values_has_no_path() {
        assert_eq!(
            render_differences(&differences(&json!(1), &json!([1]))),
            ["expected 1, found [1]"]
        );
    }

    #[test]
    fn leaves_are_compared_in_any_order() {
        let leaves = json!({ "a": [1, { "b": "x" }], "c": null });

        assert!(has_same_leaves(&leaves, &json!([null, "x", 1])));
        assert!(!has_same_leaves(&leaves, &json!([null, "x", 1, 1])));
    }

    #[test]
    fn difference_reads_its_field_in_another_value() {
        let expected = json!({ "lines": [{ "unit.price": 1 }] });
        let found = json!({ "lines": [{ "unit.price": 2 }] });

        let list = differences(&expected, &found);

        assert_eq!(list[0].path, "lines[0].unit.price");
        assert_eq!(list[0].field_name(), "unit.price");
        assert_eq!(list[0].value_in(&found), Some(&json!(2)));
    }

    #[test]
    fn partial_diff_ignores_unexpected_fields() {
        let found = json!({ "status": "Placed", "customer": { "id": 7, "name": "Ada" } });

        assert!(is_like(&json!({ "customer": { "id": 7 } }), &found));
        assert!(!is_like(&json!({ "customer": { "id": 8 } }), &found));
        assert_eq!(
            render_differences(&partial_differences(
                &json!({ "customer": { "id": 8 }, "x": 1 }),
                &found
            )),
            [
                "customer.id  expected 8, found 7",
                "x            expected 1, found nothing"
            ]
        );
    }
}
