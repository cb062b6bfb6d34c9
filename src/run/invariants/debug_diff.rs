//! Compares two values by their `{:#?}` output.

/// A field in which two values differ.
#[derive(Debug, PartialEq)]
pub(super) struct FieldDiff {
    /// The path of the field: `address.city`. Empty for the whole value.
    pub(super) path: String,
    pub(super) left: String,
    pub(super) right: String,
}

/// Returns the fields in which two values differ. `left` and `right` are their `{:#?}` outputs.
pub(super) fn diff_debug_text(left: &str, right: &str) -> Vec<FieldDiff> {
    let mut diffs = Vec::new();
    collect_diffs(&mut diffs, "", left, right);
    diffs
}

/// Adds the differences of two values at `path`, and of the fields inside them.
fn collect_diffs(diffs: &mut Vec<FieldDiff>, path: &str, left: &str, right: &str) {
    if left == right {
        return;
    }

    // The first line has the name of the type or variant. Fields of two variants are not compared.
    let has_same_name = left.lines().next() == right.lines().next();
    let (Some(left_fields), Some(right_fields), true) =
        (fields_of(left), fields_of(right), has_same_name)
    else {
        diffs.push(FieldDiff {
            path: path.to_owned(),
            left: on_one_line(left),
            right: on_one_line(right),
        });
        return;
    };

    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in left_fields.iter().chain(&right_fields) {
        if seen.contains(&name.as_str()) {
            continue;
        }
        seen.push(name);

        let value_in = |fields: &[(String, String)]| {
            fields
                .iter()
                .find(|(other, _)| other == name)
                .map_or_else(|| "nothing".to_owned(), |(_, value)| value.clone())
        };
        let field_path = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        collect_diffs(
            diffs,
            &field_path,
            &value_in(&left_fields),
            &value_in(&right_fields),
        );
    }
}

/// Returns the names and values of the fields, if `text` shows a value with named fields.
fn fields_of(text: &str) -> Option<Vec<(String, String)>> {
    let (head, rest) = text.split_once('\n')?;
    let body = rest.strip_suffix("\n}").filter(|_| head.ends_with('{'))?;

    let mut fields: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        let line = line.strip_prefix("    ")?;
        // A line that is indented further, or closes a bracket, belongs to the field above it.
        let is_continued = line.starts_with([' ', '}', ']', ')']);
        match (is_continued, line.split_once(": ")) {
            (true, _) => {
                let (_, value) = fields.last_mut()?;
                value.push('\n');
                value.push_str(line);
            }
            (false, Some((name, value))) => {
                // The field names of JSON are in quotes.
                let name = name.trim_matches('"');
                fields.push((name.to_owned(), value.to_owned()));
            }
            (false, None) => return None,
        }
    }

    for (_, value) in &mut fields {
        if value.ends_with(',') {
            value.pop();
        }
    }

    Some(fields)
}

/// Joins a value of several lines into one line.
fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        // The last item has a comma in `{:#?}`, but not on one line.
        let is_closing = part.starts_with(['}', ']', ')']);
        if is_closing && line.ends_with(',') {
            line.pop();
        }
        if !line.is_empty() && !line.ends_with(['(', '[']) && !part.starts_with([']', ')']) {
            line.push(' ');
        }
        line.push_str(part);
    }

    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    #[expect(dead_code, reason = "they are shown")]
    struct Order {
        id: u8,
        note: Option<(u8, u8)>,
        lines: Vec<u8>,
        to: Address,
    }

    #[derive(Debug, Default)]
    #[expect(dead_code, reason = "it is shown")]
    struct Address {
        city: &'static str,
        street: &'static str,
    }

    #[track_caller]
    fn check(left: &Order, right: &Order, expected: &[(&str, &str, &str)]) {
        let diffs = diff_debug_text(&format!("{left:#?}"), &format!("{right:#?}"));

        let found: Vec<_> = diffs
            .iter()
            .map(|diff| (diff.path.as_str(), diff.left.as_str(), diff.right.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn diff_of_two_variants_is_one_whole_value() {
        let diffs = diff_debug_text("Open {\n    total: 1,\n}", "Closed {\n    total: 1,\n}");

        assert_eq!(diffs.len(), 1);
        assert_eq!(diffs[0].left, "Open { total: 1 }");
        assert_eq!(diffs[0].right, "Closed { total: 1 }");
    }

    #[test]
    fn diff_lists_differing_fields_with_their_paths() {
        let order = Order {
            note: Some((1, 2)),
            lines: vec![1, 2],
            to: Address {
                city: "Ulm",
                street: "A: b, {c}",
            },
            ..Order::default()
        };

        check(
            &order,
            &Order::default(),
            &[
                ("note", "Some((1, 2))", "None"),
                ("lines", "[1, 2]", "[]"),
                ("to.city", "\"Ulm\"", "\"\""),
                ("to.street", "\"A: b, {c}\"", "\"\""),
            ],
        );
    }

    #[test]
    fn diff_without_fields_shows_the_whole_value() {
        let diffs = diff_debug_text("1", "2");

        assert_eq!(
            diffs,
            [FieldDiff {
                path: String::new(),
                left: "1".to_owned(),
                right: "2".to_owned(),
            }]
        );
    }
}
