use flow_domain::{
    Message,
    message::{Envelope, MessageSchema, Payload},
    model::SerializedMessage,
};
use serde_json::Value;

use crate::value::{cut_middle, show_message};

/// The name and content of a message, as they are compared and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageView {
    pub(crate) name: String,
    /// The name without the version. The JSON of an enum has it as the name of the variant.
    variant: String,
    pub(crate) payload: Payload,
}

impl MessageView {
    /// Returns the message in Rust syntax, cut in the middle if it is long.
    pub(crate) fn show(&self) -> String {
        cut_middle(self.show_whole())
    }

    /// Returns the message in Rust syntax: `PlaceOrder { order_id: "ord-01", quantity: 2 }`.
    pub(crate) fn show_whole(&self) -> String {
        show_message(&self.name, &self.variant, &self.payload)
    }

    /// Returns the content of the message.
    ///
    /// For a variant of an enum, this is the JSON below the name of the variant.
    pub(crate) fn content(&self) -> Value {
        content_of(&self.variant, &self.payload)
    }

    /// Returns true if name and content are equal. The order of the fields does not matter.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.payload == other.payload
                || self.payload.to_value() == other.payload.to_value())
    }
}

impl From<&SerializedMessage> for MessageView {
    fn from(message: &SerializedMessage) -> Self {
        Self {
            name: message.name.to_string(),
            variant: message.name.as_str().to_owned(),
            payload: message.payload.clone(),
        }
    }
}

impl From<&Envelope> for MessageView {
    fn from(envelope: &Envelope) -> Self {
        let message_type = &envelope.metadata.message_type;
        Self {
            // A name shows its version only from version 2 on.
            name: match message_type.version() {
                1 => message_type.name().to_owned(),
                version => format!("{}.v{version}", message_type.name()),
            },
            variant: message_type.name().to_owned(),
            payload: envelope.message.clone(),
        }
    }
}

/// Returns true if `E` is the Rust type of this message.
pub(crate) fn matches_type<E: Message>(envelope: &Envelope) -> bool {
    let metadata = &envelope.metadata;
    let has_name = |schema: &MessageSchema| metadata.message_type.matches(schema.name);

    metadata.stream.category() == E::CATEGORY && E::SCHEMAS.iter().any(has_name)
}

/// Returns the content of a message as JSON. `variant` is its name without the version.
///
/// If the message is a variant of an enum, its fields are one level below the name of the variant.
/// The result has the fields without the level above them.
pub(crate) fn content_of(variant: &str, payload: &Payload) -> Value {
    match payload.to_value() {
        Value::Object(mut fields) if fields.len() == 1 => match fields.remove(variant) {
            Some(Value::Object(inner)) => Value::Object(inner),
            Some(other) => serde_json::json!({ variant: other }),
            None => Value::Object(fields),
        },
        other => other,
    }
}
