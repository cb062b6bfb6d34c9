use std::{fmt, marker::PhantomData};

use flow_domain::message::Payload;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// How long a value may get before its end is cut off.
const MAX_WIDTH: usize = 120;

/// Shows a message as it would be written in Rust: `PlaceOrder { order_id: "ord-01", quantity: 2 }`.
pub(crate) fn show_message(name: &str, payload: &Payload) -> String {
    let Ok(Fields(mut fields)) = serde_json::from_str::<Fields>(payload.as_json()) else {
        // A message without fields, or one that is broken.
        return match payload.as_json() {
            "null" => name.to_owned(),
            json if json.trim_matches('"') == name => name.to_owned(),
            json => cut_middle(format!("{name} {json}")),
        };
    };

    // An enum whose variants are messages has its fields one level below the name of the variant.
    if let [(variant, Value::Object(_))] = fields.as_slice()
        && name.starts_with(variant.as_str())
        && let Ok(Fields(mut variants)) = serde_json::from_str::<Fields<Fields>>(payload.as_json())
        && let Some((_, Fields(inner))) = variants.pop()
    {
        fields = inner;
    }

    let shown = fields.iter().map(|(name, value)| (name.as_str(), value));
    cut_middle(format!("{name} {}", brace_fields(shown)))
}

/// Shows what is stored, its fields in their own order: `{ order_id: "ord-01", status: "Placed" }`.
pub(crate) fn show_stored(payload: &Payload) -> String {
    match serde_json::from_str::<Fields>(payload.as_json()) {
        Ok(Fields(fields)) => {
            let line = brace_fields(fields.iter().map(|(name, value)| (name.as_str(), value)));
            if line.chars().count() <= MAX_WIDTH {
                return line;
            }

            // One field a line, so that a long one does not hide the others.
            let lines: Vec<String> = fields
                .iter()
                .map(|(name, value)| cut_middle(format!("    {name}: {value},")))
                .collect();
            format!("{{\n{}\n}}", lines.join("\n"))
        }
        Err(_) => cut_middle(payload.as_json().to_owned()),
    }
}

/// Shows the fields of a value, by name.
pub(crate) fn show_value(value: &Value) -> String {
    cut_middle(match value {
        Value::Object(fields) => {
            brace_fields(fields.iter().map(|(name, value)| (name.as_str(), value)))
        }
        other => other.to_string(),
    })
}

fn brace_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let shown: Vec<String> = fields
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if shown.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", shown.join(", "))
}

/// Cuts a text that is too long in the middle, and tells how much was cut.
pub(crate) fn cut_middle(text: String) -> String {
    let n_letters = text.chars().count();
    if n_letters <= MAX_WIDTH {
        return text;
    }

    let keep = (MAX_WIDTH - 30) / 2;
    let start: String = text.chars().take(keep).collect();
    let end: String = text.chars().skip(n_letters - keep).collect();

    format!("{start} .. {} letters more .. {end}", n_letters - 2 * keep)
}

/// Cuts a line that is too long after a field that still fits, so that what stands behind it does too.
pub(crate) fn cut_after_field(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }

    let end = if line.ends_with('}') { ".. }" } else { ".." };
    let room: String = line.chars().take(width - end.len() - 1).collect();

    match room.rfind(", ") {
        Some(comma) if room.len() < 2 * comma => format!("{}{end}", &room[..comma + 2]),
        // One field that is too long by itself.
        _ => format!("{} {end}", room.trim_end()),
    }
}

/// The first few of a list, and how many more there are.
pub(crate) fn first_few(all: impl ExactSizeIterator<Item = String>) -> String {
    let n_more = all.len().saturating_sub(5);
    let mut shown: Vec<String> = all.take(5).collect();
    if 0 < n_more {
        shown.push(format!("and {n_more} more"));
    }
    shown.join(", ")
}

/// Indents all lines but the first, and leaves empty ones empty.
pub(crate) fn indent(text: &str, n_columns: usize) -> String {
    let mut lines = text.lines();
    let mut indented = lines.next().unwrap_or_default().to_owned();

    for line in lines {
        indented.push('\n');
        if !line.is_empty() {
            indented.push_str(&" ".repeat(n_columns));
            indented.push_str(line);
        }
    }

    indented
}

/// The fields of a JSON object in the order in which they are written.
struct Fields<V = Value>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Fields<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for FieldsVisitor<V> {
            type Value = Fields<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<V>, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, json: &str, expected: &str) {
        assert_eq!(show_message(name, &Payload::from_json(json)), expected);
    }

    #[test]
    fn show_message_keeps_the_field_order_of_variants() {
        check(
            "ParcelOut",
            r#"{"ParcelOut":{"parcel_id":"p-1","driver":"mo"}}"#,
            r#"ParcelOut { parcel_id: "p-1", driver: "mo" }"#,
        );
    }

    #[test]
    fn show_message_uses_rust_syntax() {
        check(
            "PlaceOrder",
            r#"{"order_id":"ord-1","amount":2}"#,
            r#"PlaceOrder { order_id: "ord-1", amount: 2 }"#,
        );
        check("Ping", "null", "Ping");
        check("Ping", "{}", "Ping {}");
    }

    #[test]
    fn show_message_shows_a_variant_like_a_struct() {
        check(
            "Deposited",
            r#"{"Deposited":{"amount":2}}"#,
            "Deposited { amount: 2 }",
        );
        check("Closed", r#""Closed""#, "Closed");
    }

    #[test]
    fn cut_after_field_keeps_whole_fields() {
        let line = r#"PlaceOrder { order_id: "ord-1", customer_id: "cust-1", quantity: 2 }"#;

        assert_eq!(
            cut_after_field(line, 60),
            r#"PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }"#
        );
        assert_eq!(cut_after_field(line, 70), line);
        assert_eq!(
            cut_after_field("Told { what: \"very long\" }", 20),
            "Told { what: \"v .. }"
        );
    }

    #[test]
    fn show_stored_breaks_long_values_by_field() {
        let stored = format!(r#"{{"note":"{}","status":"Placed"}}"#, "x".repeat(200));

        let shown = show_stored(&Payload::from_json(stored));

        assert!(shown.starts_with("{\n    note: \"xxx"), "{shown}");
        assert!(
            shown.ends_with("x\",\n    status: \"Placed\",\n}"),
            "{shown}"
        );
    }

    #[test]
    fn cut_middle_keeps_both_ends() {
        let shown = cut_middle("x".repeat(200));

        assert!(shown.contains(" .. 110 letters more .. "), "{shown}");
        assert!(shown.chars().count() <= MAX_WIDTH);
    }
}
