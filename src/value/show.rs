use std::{fmt, iter};

use flow_domain::{json::Json, message::Payload};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::value::read_json;

/// The maximum number of characters of a value. A longer one is cut.
const MAX_WIDTH: usize = 120;

/// Returns a message in Rust syntax: `PlaceOrder { order_id: "ord-01", quantity: 2 }`.
///
/// The text begins with `label`. `variant` is the name without the version, which the JSON of a
/// variant has. If the text is not JSON, the result says so.
pub(crate) fn show_message(label: &str, variant: &str, payload: &Payload) -> String {
    if let Some(shown) = shown_value(payload) {
        return shown;
    }

    let json = match read_json(payload) {
        Ok(json) => json,
        Err(err) => return format!("{label}: {err}"),
    };
    let Some(Fields(mut fields)) = Fields::read(payload.as_json()) else {
        // The message has no fields.
        return match json {
            Json::Null => label.to_owned(),
            Json::String(text) if text == variant => label.to_owned(),
            _ => format!("{label} {json}"),
        };
    };

    // The variant of an enum has its fields one level below its name.
    if let [(field, content)] = fields.as_slice()
        && field == variant
        && let Some(Fields(inner)) = Fields::read(content.get())
    {
        fields = inner;
    }

    format!("{label} {}", brace_fields(show_fields(&fields)))
}

/// Returns a stored value with its fields in the stored order:
/// `{ order_id: "ord-01", status: "Placed" }`.
///
/// If the stored text is not JSON, the result says so.
pub(crate) fn show_stored(payload: &Payload) -> String {
    if let Some(shown) = shown_value(payload) {
        return cut_middle(shown);
    }

    let json = match read_json(payload) {
        Ok(json) => json,
        Err(err) => return err.to_string(),
    };
    let Some(Fields(fields)) = Fields::read(payload.as_json()) else {
        return cut_middle(json.to_string());
    };

    let line = brace_fields(show_fields(&fields));
    if line.chars().count() <= MAX_WIDTH {
        return line;
    }

    // One field per line: a long field then does not hide the others.
    let lines: Vec<String> = show_fields(&fields)
        .map(|field| cut_middle(format!("    {field},")))
        .collect();
    format!("{{\n{}\n}}", lines.join("\n"))
}

/// Returns the `Debug` of a value without a JSON form; `None` if the content is JSON.
fn shown_value(payload: &Payload) -> Option<String> {
    match payload.to_json() {
        Ok(Json::String(shown)) if payload.is_value() => Some(shown),
        _ => None,
    }
}

/// Returns a value in one line, with its fields sorted by name.
pub(crate) fn show_value(value: &Json) -> String {
    cut_middle(match value {
        Json::Object(fields) => brace_fields(
            fields
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        ),
        other => other.to_string(),
    })
}

/// Returns each field as text: `quantity: 2`.
fn show_fields(fields: &[(String, &RawValue)]) -> impl Iterator<Item = String> {
    fields.iter().map(|(name, raw)| {
        let value = match raw.get().parse::<Json>() {
            Ok(value) => value.to_string(),
            Err(err) => err.with_causes().to_string(),
        };
        format!("{name}: {value}")
    })
}

fn brace_fields(fields: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = fields.collect();
    if shown.is_empty() {
        return "{}".to_owned();
    }

    format!("{{ {} }}", shown.join(", "))
}

/// Cuts a long text in the middle, and shows there how many characters are missing.
pub(crate) fn cut_middle(text: String) -> String {
    let n_chars = text.chars().count();
    if n_chars <= MAX_WIDTH {
        return text;
    }

    // 30 columns are reserved for the text that replaces the middle.
    let n_kept = (MAX_WIDTH - 30) / 2;
    let start: String = text.chars().take(n_kept).collect();
    let end: String = text.chars().skip(n_chars - n_kept).collect();

    format!(
        "{start} .. {} more characters .. {end}",
        n_chars - 2 * n_kept
    )
}

/// Cuts a long line after the last field that fits into `width`.
pub(crate) fn cut_after_field(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }

    let end = if line.ends_with('}') { ".. }" } else { ".." };
    let kept: String = line.chars().take(width - end.len() - 1).collect();

    match kept.rfind(", ") {
        Some(comma) if kept.len() < 2 * comma => format!("{}{end}", &kept[..comma + 2]),
        // A cut after the comma would lose more than half of the line: one long field follows.
        _ => format!("{} {end}", kept.trim_end()),
    }
}

/// Returns the number of characters of the longest text.
pub(crate) fn max_width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// Returns a number with a noun: `1 message`, `2 messages`.
pub(crate) fn counted(n: usize, singular: &str, plural: &str) -> String {
    match n {
        1 => format!("1 {singular}"),
        n => format!("{n} {plural}"),
    }
}

/// Returns the first five items of a list, and how many more there are.
pub(crate) fn first_few(items: impl ExactSizeIterator<Item = String>) -> String {
    let n_more = items.len().saturating_sub(5);
    let mut shown: Vec<String> = items.take(5).collect();
    if 0 < n_more {
        shown.push(format!("and {n_more} more"));
    }

    shown.join(", ")
}

/// The maximum number of entries of a list in a report.
const MAX_ENTRIES: usize = 40;

/// Returns the entries that a report shows, and a last one that counts the others.
///
/// One entry too many is shown, because the count would take its place.
pub(crate) fn cut_list(mut entries: Vec<String>) -> Vec<String> {
    let n_more = entries.len().saturating_sub(MAX_ENTRIES);
    if 1 < n_more {
        entries.truncate(MAX_ENTRIES);
        entries.push(format!("and {n_more} more"));
    }

    entries
}

/// Indents all lines but the first, and leaves empty lines empty.
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

/// The fields of a JSON object, in the order in which the JSON text has them.
///
/// A [`Json`] would sort them by name.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Returns the fields of the object in `text`; `None` if it is not an object.
    fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                iter::from_fn(|| map.next_entry().transpose())
                    .collect::<Result<_, _>>()
                    .map(Fields)
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, json: &str, expected: &str) {
        let payload = Payload::from_json(json);

        assert_eq!(show_message(name, name, &payload), expected);
    }

    #[test]
    fn show_message_compares_the_whole_name_of_a_variant() {
        check(
            "NoteAdded",
            r#"{"Note":{"a":1}}"#,
            r#"NoteAdded { Note: {"a":1} }"#,
        );

        let payload = Payload::from_json(r#"{"NoteAdded":{"a":1}}"#);
        let shown = show_message("NoteAdded.v2", "NoteAdded", &payload);
        assert_eq!(shown, "NoteAdded.v2 { a: 1 }");
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
    fn text_that_is_not_json_is_shown_as_an_error() {
        let not_json = Payload::from_json("{ no json");
        let err = "deserializing `JSON` failed: key must be a string at line 1 column 3 \
                   (from { no json)";

        assert_eq!(
            show_message("Paid", "Paid", &not_json),
            format!("Paid: {err}")
        );
        assert_eq!(show_stored(&not_json), err);
    }

    #[test]
    fn numbers_are_shown_with_all_digits() {
        check(
            "Minted",
            r#"{"wei":20000000000000000001,"rate":0.10000000000000002}"#,
            "Minted { wei: 20000000000000000001, rate: 0.10000000000000002 }",
        );
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
            cut_after_field("Sent { what: \"very long\" }", 20),
            "Sent { what: \"v .. }"
        );
    }

    #[test]
    fn cut_after_field_keeps_dots_of_the_user() {
        assert_eq!(
            cut_after_field("Sent { what: \"from a .. to b and on\" }", 32),
            "Sent { what: \"from a .. to .. }"
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

        assert!(shown.contains(" .. 110 more characters .. "), "{shown}");
        assert!(shown.chars().count() <= MAX_WIDTH);
    }
}
