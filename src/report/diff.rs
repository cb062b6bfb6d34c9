use serde_json::Value;

use crate::{diagnosis::Difference, report::text::cut_middle};

/// Finds, path by path, how `found` differs from `expected`.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<Difference> {
    let mut list = Vec::new();
    collect_differences(&mut list, String::new(), Some(expected), Some(found), false);
    list
}

/// Finds, path by path, where `found` is not like `expected`; what is not expected may be anything.
pub(crate) fn partial_differences(expected: &Value, found: &Value) -> Vec<Difference> {
    let mut list = Vec::new();
    collect_differences(&mut list, String::new(), Some(expected), Some(found), true);
    list
}

/// Returns true if `found` has everything that `expected` has.
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

fn collect_differences(
    list: &mut Vec<Difference>,
    path: String,
    expected: Option<&Value>,
    found: Option<&Value>,
    only_expected: bool,
) {
    match (expected, found) {
        (expected, found) if expected == found => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let more = other
                .keys()
                .filter(|name| !only_expected && !one.contains_key(*name));

            for name in one.keys().chain(more) {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect_differences(list, path, one.get(name), other.get(name), only_expected);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for idx in 0..one.len().max(other.len()) {
                let path = format!("{path}[{idx}]");
                collect_differences(list, path, one.get(idx), other.get(idx), only_expected);
            }
        }
        (expected, found) => list.push(Difference {
            path,
            expected: expected.cloned(),
            found: found.cloned(),
        }),
    }
}

/// Tells, path by path, how two values differ.
pub(crate) fn render_differences(list: &[Difference]) -> Vec<String> {
    let width = list
        .iter()
        .map(|one| one.path.chars().count())
        .max()
        .unwrap_or(0);

    let shown = |value: &Option<Value>| match value {
        Some(value) => cut_middle(value.to_string()),
        None => "nothing".to_owned(),
    };

    list.iter()
        .map(|one| {
            format!(
                "{:<width$}  expected {}, found {}",
                one.path,
                shown(&one.expected),
                shown(&one.found)
            )
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
