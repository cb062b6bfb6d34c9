use std::{fmt, mem};

use serde_json::{Map, Value};

use crate::message::{Payload, text_of};

/// What is changed in a message, a state or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Two fields have each other's value.
    Swap(String, String),
    /// An id has a letter more.
    Extend(String),
}

impl Edit {
    /// Every edit that changes `content`, which is called `name`. `id` is what it is kept under.
    pub(super) fn all_of(name: &str, content: &Payload, id: Option<&str>) -> Vec<Self> {
        let mut value = content.to_value();
        let Some(fields) = fields_of(&mut value, name) else {
            return Vec::new();
        };

        let mut edits = Vec::new();
        let named: Vec<(&String, &Value)> = fields.iter().collect();

        for (idx, (first, value)) in named.iter().enumerate() {
            for (second, other) in &named[idx + 1..] {
                if can_be_swapped(value, other) {
                    edits.push(Self::Swap((*first).clone(), (*second).clone()));
                }
            }

            let is_id = match id {
                Some(id) => text_of(value) == id,
                None => *first == "id" || first.ends_with("_id"),
            };

            if is_id && value.is_string() {
                edits.push(Self::Extend((*first).clone()));
            }
        }

        edits
    }

    /// Returns the changed content, and what has become of the id that it had; `None` if nothing in it
    /// can be changed so.
    pub(super) fn apply(
        &self,
        name: &str,
        content: &Payload,
        id: &str,
    ) -> Option<(Payload, String)> {
        let mut value = content.to_value();
        let fields = fields_of(&mut value, name)?;
        let id_field = fields.iter().find(|(_, value)| text_of(*value) == id);
        let id_field = id_field.map(|(field, _)| field.clone());

        match self {
            Self::Swap(first, second) => {
                let (one, other) = (fields.get(first)?, fields.get(second)?);
                if !can_be_swapped(one, other) {
                    return None;
                }
                let one = mem::take(fields.get_mut(first)?);
                let other = mem::replace(fields.get_mut(second)?, one);
                *fields.get_mut(first)? = other;
            }
            Self::Extend(field) => match fields.get_mut(field)? {
                Value::String(text) => text.push('x'),
                _ => return None,
            },
        }

        let id = match id_field {
            Some(field) => text_of(&fields[&field]).into_owned(),
            None => id.to_owned(),
        };
        Some((Payload::from_json(value.to_string()), id))
    }
}

/// The fields of what is called `name`: a struct is written by itself, a variant in a field with its
/// name.
fn fields_of<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = value.as_object_mut()?;
    if fields.len() == 1 && fields.get(name).is_some_and(Value::is_object) {
        return fields.get_mut(name)?.as_object_mut();
    }
    Some(fields)
}

/// Whether two fields can have each other's value, and it makes a difference.
fn can_be_swapped(one: &Value, other: &Value) -> bool {
    mem::discriminant(one) == mem::discriminant(other) && one != other
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swap(first, second) => write!(f, "{first} and {second} swapped"),
            Self::Extend(field) => write!(f, "a letter more in {field}"),
        }
    }
}
