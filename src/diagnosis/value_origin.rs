use serde_json::Value;

use crate::diagnosis::{
    ValueOrigin,
    causal_index::{CausalIndex, IndexedCall, IndexedMessage, equals_text},
};

/// Where a value is from that messages carried on.
impl<'r> CausalIndex<'r> {
    /// Follows a value of a message back to where it came to be.
    pub(super) fn origin_of(
        &self,
        message: &IndexedMessage<'r>,
        field: &str,
        value: &Value,
    ) -> ValueOrigin {
        match self.producer_of(message) {
            Some(handling) => self.origin_in_call(handling, field, value),
            None => ValueOrigin::TestFlow {
                message: message.name.clone(),
                field: field.to_owned(),
            },
        }
    }

    /// Follows a value back that a handling wrote, raised or issued in a field of this name.
    pub(super) fn origin_in_call(
        &self,
        handling: &IndexedCall<'r>,
        field: &str,
        value: &Value,
    ) -> ValueOrigin {
        let at = self.handler_call(handling);
        let Some(message) = self.message_of(handling) else {
            return ValueOrigin::Created { at };
        };

        let content = message.content();
        match content.get(field) {
            Some(said) if said == value => self.origin_of(message, field, value),
            Some(said) => ValueOrigin::Changed {
                at,
                field: field.to_owned(),
                original: said.clone(),
            },
            None => match fields_with_value(&content, value).into_iter().next() {
                Some(field) => ValueOrigin::OtherField { at, field },
                None => ValueOrigin::Created { at },
            },
        }
    }

    /// The field in which the message has `expected` whose handling made something else of it: the one
    /// of the same name, or the only one.
    pub(super) fn expected_field(
        &self,
        origin: Option<&ValueOrigin>,
        field: &str,
        expected: Option<&Value>,
    ) -> Option<String> {
        let at = origin?.handler_call()?;
        let handling = self
            .calls
            .iter()
            .find(|handling| handling.started == at.entry)?;
        let mut fields = fields_with_value(&self.message_of(handling)?.content(), expected?);
        let own = fields.iter().position(|name| name == field);

        match (own, fields.len()) {
            (Some(own), _) => Some(fields.swap_remove(own)),
            (None, 1) => fields.pop(),
            (None, _) => None,
        }
    }
}

/// The fields that have this value, if it is one that is not in every second field.
fn fields_with_value(content: &Value, value: &Value) -> Vec<String> {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|number| 1.0 < number) => {
            number.to_string()
        }
        _ => return Vec::new(),
    };

    content
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| equals_text(value, &text))
        .map(|(name, _)| name.clone())
        .collect()
}
