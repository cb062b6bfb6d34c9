use flow_domain::json::{Json, Number};

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
        value: &Json,
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
        value: &Json,
    ) -> ValueOrigin {
        let at = self.handler_call(call);
        let handled = self.message_of(call);
        let Some((message, content)) =
            handled.and_then(|handled| Some((handled, handled.content()?)))
        else {
            return ValueOrigin::Created { at };
        };

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
        expected: Option<&Json>,
    ) -> Option<String> {
        let at = origin?.handler_call()?;
        let call = self.call_at(at.entry)?;

        let mut fields = fields_with_value(&self.message_of(call)?.content()?, expected?);
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
fn fields_with_value(content: &Json, value: &Json) -> Vec<String> {
    let text = match value {
        Json::String(text) if !text.is_empty() => text.clone(),
        Json::Number(number) if Number::from(1) < *number => number.to_string(),
        _ => return Vec::new(),
    };

    content
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, found)| *found == value || equals_text(found, &text))
        .map(|(name, _)| name.clone())
        .collect()
}
