//! Where two values differ, as far as `{:#?}` shows it.

/// One place in which two values differ.
#[derive(Debug, PartialEq)]
pub(super) struct FieldDiff {
    /// The way to it: `address.city`. Empty for the whole.
    pub(super) path: String,
    pub(super) left: String,
    pub(super) right: String,
}

/// Tells, field by field, how two values differ.
pub(super) fn diff_debug_text(one: &str, other: &str) -> Vec<FieldDiff> {
    let mut list = Vec::new();
    collect_diffs(&mut list, "", one, other);
    list
}

fn collect_diffs(list: &mut Vec<FieldDiff>, path: &str, one: &str, other: &str) {
    if one == other {
        return;
    }

    let head = |text: &str| text.lines().next().map(str::to_owned);
    let are_alike = head(one) == head(other);
    let parts = (fields_of(one), fields_of(other));
    let (Some(ones), Some(others), true) = (parts.0, parts.1, are_alike) else {
        list.push(FieldDiff {
            path: path.to_owned(),
            left: on_one_line(one),
            right: on_one_line(other),
        });
        return;
    };

    let names = ones.iter().chain(&others).map(|(name, _)| name);
    let mut seen: Vec<&str> = Vec::new();

    for name in names {
        if seen.contains(&name.as_str()) {
            continue;
        }

        seen.push(name);
        let value = |parts: &[(String, String)]| {
            parts
                .iter()
                .find(|(other, _)| other == name)
                .map_or_else(|| "nothing".to_owned(), |(_, value)| value.clone())
        };

        let inner = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        collect_diffs(list, &inner, &value(&ones), &value(&others));
    }
}

/// The fields of a value that has some.
fn fields_of(text: &str) -> Option<Vec<(String, String)>> {
    let (head, rest) = text.split_once('\n')?;
    let body = rest.strip_suffix("\n}").filter(|_| head.ends_with('{'))?;
    let mut parts: Vec<(String, String)> = Vec::new();

    for line in body.lines() {
        let line = line.strip_prefix("    ")?;
        let goes_on = line.starts_with([' ', '}', ']', ')']);

        match (goes_on, line.split_once(": ")) {
            (true, _) => {
                let (_, value) = parts.last_mut()?;
                value.push('\n');
                value.push_str(line);
            }
            (false, Some((name, value))) => {
                // The fields of JSON are in quotes.
                let name = name.trim_matches('"');
                parts.push((name.to_owned(), value.to_owned()));
            }
            (false, None) => return None,
        }
    }

    for (_, value) in &mut parts {
        if value.ends_with(',') {
            value.pop();
        }
    }

    Some(parts)
}

/// Writes a value that is shown on several lines on one.
fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        let closes = part.starts_with(['}', ']', ')']);
        if closes && line.ends_with(',') {
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
    fn check(one: &Order, other: &Order, expected: &[(&str, &str, &str)]) {
        let differing = diff_debug_text(&format!("{one:#?}"), &format!("{other:#?}"));

        let found = differing.iter();
        let found = found.map(|one| (one.path.as_str(), one.left.as_str(), one.right.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn diff_of_two_variants_is_one_whole_value() {
        let list = diff_debug_text("Open {\n    total: 1,\n}", "Closed {\n    total: 1,\n}");

        assert_eq!(list.len(), 1);
        assert_eq!(list[0].left, "Open { total: 1 }");
        assert_eq!(list[0].right, "Closed { total: 1 }");
    }

    #[test]
    fn diff_lists_differing_fields_with_their_paths() {
        let one = Order {
            note: Some((1, 2)),
            lines: vec![1, 2],
            to: Address {
                city: "Ulm",
                street: "A: b, {c}",
            },
            ..Order::default()
        };

        check(
            &one,
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
        let found = diff_debug_text("1", "2");

        let (one, other) = ("1".to_owned(), "2".to_owned());
        let path = String::new();

        assert_eq!(
            found,
            [FieldDiff {
                path,
                left: one,
                right: other
            }]
        );
    }
}
