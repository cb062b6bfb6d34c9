use flow_domain::{json::Json, message::Payload};

use crate::value::{NotJson, cut_middle, max_width, read_json};

/// A field in which two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The path of the field as text: `lines[1].price`.
    pub(crate) path: String,
    parts: Vec<PathPart>,
    pub(crate) expected: Option<Json>,
    pub(crate) found: Option<Json>,
}

/// A step from a value into one of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PathPart {
    Field(String),
    Index(usize),
}

impl Difference {
    /// Returns the difference of a whole field of an object.
    pub(crate) fn in_field(name: &str, expected: Option<Json>, found: Option<Json>) -> Self {
        Self::new(&[PathPart::Field(name.to_owned())], expected, found)
    }

    fn new(parts: &[PathPart], expected: Option<Json>, found: Option<Json>) -> Self {
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
    pub(crate) fn value_in<'v>(&self, whole: &'v Json) -> Option<&'v Json> {
        self.parts.iter().try_fold(whole, |value, part| match part {
            PathPart::Field(name) => value.get(name),
            PathPart::Index(idx) => value.element(*idx),
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
///
/// Numbers are compared by their exact value: `1` and `1.0` are equal.
pub(crate) fn differences(expected: &Json, found: &Json) -> Vec<Difference> {
    Comparison::default().run(expected, found)
}

/// Returns the differences between two stored texts, see [`differences`].
///
/// # Errors
///
/// Returns an error if a text is not JSON, unless the texts are equal.
pub(crate) fn stored_differences(
    expected: &Payload,
    found: &Payload,
) -> Result<Vec<Difference>, NotJson> {
    if expected == found {
        return Ok(Vec::new());
    }
    Ok(differences(&read_json(expected)?, &read_json(found)?))
}

/// The maximum number of lines that show how two values differ.
const MAX_LINES: usize = 10;

/// How long the text of a value is, in bytes, if the eye does not find a difference at once.
const MIN_LENGTH: usize = 80;

/// Returns what the texts of two values without a JSON form do not show already.
///
/// If the texts are long, these are the lines of their `Debug` that differ.
pub(crate) fn value_differences(expected: &Payload, found: &Payload) -> Vec<String> {
    if expected == found {
        return vec!["they differ by `PartialEq`, and `Debug` does not show where".to_owned()];
    }

    let is_long = MIN_LENGTH < expected.as_json().len().max(found.as_json().len());
    let (true, Some(expected), Some(found)) =
        (is_long, expected.value_lines(), found.value_lines())
    else {
        return Vec::new();
    };

    let lines = diff::lines(&expected, &found);
    let differences = lines.iter().filter_map(|line| match line {
        diff::Result::Left(line) => {
            Some(format!("expected  {}", cut_middle(line.trim().to_owned())))
        }
        diff::Result::Right(line) => {
            Some(format!("found     {}", cut_middle(line.trim().to_owned())))
        }
        diff::Result::Both(..) => None,
    });
    differences.take(MAX_LINES).collect()
}

/// Returns the differences like [`differences`], but ignores fields that `expected` does not have.
pub(crate) fn partial_differences(expected: &Json, found: &Json) -> Vec<Difference> {
    let comparison = Comparison {
        only_expected: true,
        ..Comparison::default()
    };
    comparison.run(expected, found)
}

/// Returns true if `found` has all fields of `expected`, with the same values.
///
/// `found` may have more fields, but its arrays must have the same length.
pub(crate) fn is_like(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => expected
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| is_like(value, found))),
        (Json::Array(expected), Json::Array(found)) => {
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
pub(crate) fn has_same_leaves(left: &Json, right: &Json) -> bool {
    sorted_leaves(left) == sorted_leaves(right)
}

fn sorted_leaves(value: &Json) -> Vec<&Json> {
    let mut leaves = Vec::new();
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Json::Object(fields) => rest.extend(fields.values()),
            Json::Array(elements) => rest.extend(elements),
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
    fn run(mut self, expected: &Json, found: &Json) -> Vec<Difference> {
        self.compare(Some(expected), Some(found));
        self.differences
    }

    fn compare(&mut self, expected: Option<&Json>, found: Option<&Json>) {
        match (expected, found) {
            (expected, found) if expected == found => {}
            (Some(Json::Object(expected)), Some(Json::Object(found))) => {
                let only_expected = self.only_expected;
                let unexpected = found
                    .keys()
                    .filter(|name| !only_expected && !expected.contains_key(*name));

                for name in expected.keys().chain(unexpected) {
                    let part = PathPart::Field(name.clone());
                    self.compare_part(part, expected.get(name), found.get(name));
                }
            }
            (Some(Json::Array(expected)), Some(Json::Array(found))) => {
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

    fn compare_part(&mut self, part: PathPart, expected: Option<&Json>, found: Option<&Json>) {
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
    let render_value = |value: &Option<Json>| match value {
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
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    fn json_of(value: impl Serialize) -> Json {
        Json::from_serialize(&value).expect("it has a JSON form")
    }

    #[test]
    fn diff_lists_only_fields_that_differ() {
        let expected = json_of(json!({ "status": "Placed", "total": 1, "lines": [1, 2] }));
        let found = json_of(json!({ "status": "Draft", "total": 1, "lines": [1], "note": "x" }));

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
            render_differences(&differences(&json_of(1), &json_of([1]))),
            ["expected 1, found [1]"]
        );
    }

    #[test]
    fn diff_finds_and_shows_the_last_digit() {
        let expected = json_of((u128::MAX, i128::MIN, 0.1_f64, "0.10"));
        let found = json_of((u128::MAX - 1, i128::MIN + 1, 0.1_f64.next_up(), "0.1"));

        assert_eq!(
            render_differences(&differences(&expected, &found)),
            [
                "[0]  expected 340282366920938463463374607431768211455, \
                 found 340282366920938463463374607431768211454",
                "[1]  expected -170141183460469231731687303715884105728, \
                 found -170141183460469231731687303715884105727",
                "[2]  expected 0.1, found 0.10000000000000002",
                r#"[3]  expected "0.10", found "0.1""#,
            ]
        );
        assert!(differences(&json_of(1), &json_of(1.0)).is_empty());
    }

    #[test]
    fn text_that_is_not_json_is_an_error() {
        let [json, not_json] = ["1", "{ no json"].map(Payload::from_json);

        let err = stored_differences(&json, &not_json).expect_err("it is not JSON");

        assert_eq!(
            err.to_string(),
            "deserializing `JSON` failed: key must be a string at line 1 column 3 (from { no json)"
        );
        assert!(stored_differences(&not_json, &not_json).is_ok());
    }

    #[test]
    fn leaves_are_compared_in_any_order() {
        let leaves = json_of(json!({ "a": [1, { "b": "x" }], "c": null }));

        let same = json_of(json!([null, "x", 1]));
        assert!(has_same_leaves(&leaves, &same));
        let more = json_of(json!([null, "x", 1, 1]));
        assert!(!has_same_leaves(&leaves, &more));
    }

    #[test]
    fn difference_reads_its_field_in_another_value() {
        let expected = json_of(json!({ "lines": [{ "unit.price": 1 }] }));
        let found = json_of(json!({ "lines": [{ "unit.price": 2 }] }));

        let list = differences(&expected, &found);

        assert_eq!(list[0].path, "lines[0].unit.price");
        assert_eq!(list[0].field_name(), "unit.price");
        assert_eq!(list[0].value_in(&found), Some(&json_of(2)));
    }

    #[test]
    fn partial_diff_ignores_unexpected_fields() {
        let found = json_of(json!({ "status": "Placed", "customer": { "id": 7, "name": "Ada" } }));

        let same_id = json_of(json!({ "customer": { "id": 7 } }));
        assert!(is_like(&same_id, &found));
        let other_id = json_of(json!({ "customer": { "id": 8 }, "x": 1 }));
        assert!(!is_like(&other_id, &found));
        assert_eq!(
            render_differences(&partial_differences(&other_id, &found)),
            [
                "customer.id  expected 8, found 7",
                "x            expected 1, found nothing"
            ]
        );
    }
}
