use serde_json::Value;

use crate::diagnosis::{
    ValueOrigin,
    causal_index::{CausalIndex, IndexedCall},
    indexed_message::{IndexedMessage, equals_text},
};

/// Where a value comes from, traced back through the messages that passed it on.
impl<'r> CausalIndex<'r> {
    /// Traces a value in a field of a message back to its origin.
    pub(super) fn origin_of(
        &self,
        message: &IndexedMessage<'r>,
        field: &str,
        value: &Value,
    ) -> ValueOrigin {
        match self.producer_of(message) {
            Some(producer) => self.origin_in_call(producer, field, value),
            None => ValueOrigin::TestFlow {
                message: message.name.clone(),
                field: field.to_owned(),
            },
        }
    }

    /// Traces a value back to its origin.
    ///
    /// The call wrote, raised or issued the value in a field of this name.
    pub(super) fn origin_in_call(
        &self,
        call: &IndexedCall<'r>,
        field: &str,
        value: &Value,
    ) -> ValueOrigin {
        let at = self.handler_call(call);
        let Some(message) = self.message_of(call) else {
            return ValueOrigin::Created { at };
        };

        let content = message.content();
        match content.get(field) {
            Some(original) if original == value => self.origin_of(message, field, value),
            Some(original) => ValueOrigin::Changed {
                at,
                field: field.to_owned(),
                original: original.clone(),
            },
            None => match fields_with_value(&content, value).into_iter().next() {
                Some(field) => ValueOrigin::OtherField { at, field },
                None => ValueOrigin::Created { at },
            },
        }
    }

    /// Returns a field with the value `expected`, in the message that the call in `origin` handled.
    ///
    /// It is the field with the same name, or else the only field with that value.
    pub(super) fn expected_field(
        &self,
        origin: Option<&ValueOrigin>,
        field: &str,
        expected: Option<&Value>,
    ) -> Option<String> {
        let at = origin?.handler_call()?;
        let call = self.calls.iter().find(|call| call.started == at.entry)?;

        let mut fields = fields_with_value(&self.message_of(call)?.content(), expected?);
        let same_name = fields.iter().position(|name| name == field);

        match (same_name, fields.len()) {
            (Some(idx), _) => Some(fields.swap_remove(idx)),
            (None, 1) => fields.pop(),
            (None, _) => None,
        }
    }
}

/// Returns the fields that have this value.
///
/// It ignores values that fields often share by chance: empty texts, numbers up to 1, and booleans.
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
