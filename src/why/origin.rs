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
            None => match fields_with(&content, value).into_iter().next() {
                Some(field) => Origin::Taken { at, field },
                None => Origin::Made { at },
            },
        }
    }

    /// The field in which the message has `expected` whose handling made something else of it: the one
    /// of the same name, or the only one.
    pub(super) fn right_field(
        &self,
        origin: Option<&Origin>,
        field: &str,
        expected: Option<&Value>,
    ) -> Option<String> {
        let at = origin?.place()?;
        let mut handlings = self.handlings.iter();
        let handling = handlings.find(|handling| handling.started == at.entry)?;
        let mut fields = fields_with(&self.message_of(handling)?.content(), expected?);
        let own = fields.iter().position(|name| name == field);
        match (own, fields.len()) {
            (Some(own), _) => Some(fields.swap_remove(own)),
            (None, 1) => fields.pop(),
            (None, _) => None,
        }
    }
}

/// The fields that have this value, if it is one that is not in every second field.
fn fields_with(content: &Value, value: &Value) -> Vec<String> {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|number| 1.0 < number) => {
            number.to_string()
        }
        _ => return Vec::new(),
    };
    let fields = content.as_object().into_iter().flatten();
    let found = fields.filter(|(_, value)| is_text(value, &text));
    found.map(|(name, _)| name.clone()).collect()
}
