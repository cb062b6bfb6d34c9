use std::{borrow::Cow, fmt, mem};

use serde_json::{Map, Value};

use crate::message::Payload;

/// A change of a message, a state or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Two fields swap their values.
    Swap(String, String),
    /// An id gets one more character.
    Extend(String),
}

impl Edit {
    /// Returns every edit that changes `content`.
    ///
    /// `name` is the name of its type, and `id` the id under which it is stored.
    pub(super) fn all_of(name: &str, content: &Payload, id: Option<&str>) -> Vec<Self> {
        let mut value = content.to_value();
        let Some(fields) = fields_of(&mut value, name) else {
            return Vec::new();
        };

        let mut edits = Vec::new();
        let fields: Vec<(&String, &Value)> = fields.iter().collect();
        for (idx, (first, first_value)) in fields.iter().enumerate() {
            for (second, second_value) in &fields[idx + 1..] {
                if can_be_swapped(first_value, second_value) {
                    edits.push(Self::Swap((*first).clone(), (*second).clone()));
                }
            }

            // Without a known id, the field name decides.
            let is_id = match id {
                Some(id) => plain_text(first_value) == id,
                None => *first == "id" || first.ends_with("_id"),
            };
            if is_id && first_value.is_string() {
                edits.push(Self::Extend((*first).clone()));
            }
        }

        edits
    }

    /// Returns the changed content and its id after the change.
    ///
    /// Returns `None` if the edit does not apply to this content.
    pub(super) fn apply(
        &self,
        name: &str,
        content: &Payload,
        id: &str,
    ) -> Option<(Payload, String)> {
        let mut value = content.to_value();
        let fields = fields_of(&mut value, name)?;
        // An edit of this field also changes the id.
        let id_field = fields
            .iter()
            .find(|(_, value)| plain_text(value) == id)
            .map(|(field, _)| field.clone());

        match self {
            Self::Swap(first, second) => {
                if !can_be_swapped(fields.get(first)?, fields.get(second)?) {
                    return None;
                }
                let first_value = mem::take(fields.get_mut(first)?);
                let second_value = mem::replace(fields.get_mut(second)?, first_value);
                *fields.get_mut(first)? = second_value;
            }
            Self::Extend(field) => match fields.get_mut(field)? {
                Value::String(text) => text.push('x'),
                _ => return None,
            },
        }

        let id = match id_field {
            Some(field) => plain_text(&fields[&field]).into_owned(),
            None => id.to_owned(),
        };
        Some((Payload::from_json(value.to_string()), id))
    }
}

/// Returns the fields of the message or state `name`.
///
/// The JSON of a struct is the object of its fields. The JSON of an enum wraps this object in
/// another one, whose only field is the name of the variant.
fn fields_of<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = value.as_object_mut()?;
    if fields.len() == 1 && fields.get(name).is_some_and(Value::is_object) {
        return fields.get_mut(name)?.as_object_mut();
    }
    Some(fields)
}

/// Returns a string as it is, and any other value as JSON.
fn plain_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Returns true if two values have the same JSON type and are different.
fn can_be_swapped(left: &Value, right: &Value) -> bool {
    mem::discriminant(left) == mem::discriminant(right) && left != right
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swap(first, second) => write!(f, "{first} and {second} swapped"),
            Self::Extend(field) => write!(f, "one character added to {field}"),
        }
    }
}
