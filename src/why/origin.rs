use serde_json::Value;

use crate::why::{
    Origin,
    facts::{Facts, Handling, Message, is_text},
};

/// Where a value is from that messages carried on.
impl<'r> Facts<'r> {
    /// Follows a value of a message back to where it came to be.
    pub(super) fn origin_of(&self, message: &Message<'r>, field: &str, value: &Value) -> Origin {
        match self.handling_of(message) {
            Some(handling) => self.origin_in(handling, field, value),
            None => Origin::Sentence {
                message: message.name.clone(),
                field: field.to_owned(),
            },
        }
    }

    /// Follows a value back that a handling wrote, raised or issued in a field of this name.
    pub(super) fn origin_in(&self, handling: &Handling<'r>, field: &str, value: &Value) -> Origin {
        let at = self.place(handling);
        let Some(message) = self.message_of(handling) else {
            return Origin::Made { at };
        };
        let content = message.content();
        match content.get(field) {
            Some(said) if said == value => self.origin_of(message, field, value),
            Some(said) => Origin::Changed {
                at,
                field: field.to_owned(),
                said: said.clone(),
            },
            None => match other_field_with(&content, value) {
                Some(field) => Origin::Taken { at, field },
                None => Origin::Made { at },
            },
        }
    }
}

/// The field that has this value, if it is one that is not in every second field.
fn other_field_with(content: &Value, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|number| 1.0 < number) => {
            number.to_string()
        }
        _ => return None,
    };
    let mut fields = content.as_object()?.iter();
    let found = fields.find(|(_, value)| is_text(value, &text));
    found.map(|(name, _)| name.clone())
}
