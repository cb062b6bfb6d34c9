use std::{collections::BTreeMap, fmt, mem};

use crate::{json::Json, message::Payload};

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
        let Ok(mut json) = content.to_json() else {
            return Vec::new();
        };
        let Some(fields) = fields_of(&mut json, name) else {
            return Vec::new();
        };

        let mut edits = Vec::new();
        let fields: Vec<(&String, &Json)> = fields.iter().collect();
        for (idx, (first, first_value)) in fields.iter().enumerate() {
            for (second, second_value) in &fields[idx + 1..] {
                if can_be_swapped(first_value, second_value) {
                    edits.push(Self::Swap((*first).clone(), (*second).clone()));
                }
            }

            // Without a known id, the field name decides.
            let is_id = match id {
                Some(id) => id_text(first_value) == id,
                None => *first == "id" || first.ends_with("_id"),
            };
            if is_id && first_value.as_str().is_some() {
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
        let mut json = content.to_json().ok()?;
        let fields = fields_of(&mut json, name)?;
        // An edit of this field also changes the id.
        let id_field = fields
            .iter()
            .find(|(_, value)| id_text(value) == id)
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
                Json::String(text) => text.push('x'),
                _ => return None,
            },
        }

        let id = match id_field {
            Some(field) => id_text(&fields[&field]),
            None => id.to_owned(),
        };
        Some((Payload::from_json(json.to_string()), id))
    }
}

/// Returns the fields of the message or state `name`.
///
/// The JSON of a struct is the object of its fields. The JSON of an enum wraps this object in
/// another one, whose only field is the name of the variant.
fn fields_of<'a>(json: &'a mut Json, name: &str) -> Option<&'a mut BTreeMap<String, Json>> {
    let Json::Object(fields) = json else {
        return None;
    };
    let is_variant = matches!(fields.get(name), Some(Json::Object(_))) && fields.len() == 1;
    if !is_variant {
        return Some(fields);
    }

    match fields.get_mut(name)? {
        Json::Object(inner) => Some(inner),
        _ => None,
    }
}

/// Returns a string as it is, and any other value as JSON.
fn id_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns true if two values have the same JSON type and are different.
fn can_be_swapped(left: &Json, right: &Json) -> bool {
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
