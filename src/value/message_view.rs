use std::collections::BTreeMap;

use crate::value::{NotJson, read_json, show_message};
use flow_domain::{
    Message,
    json::Json,
    message::{Envelope, MessageSchema, Payload},
    model::SerializedMessage,
};

/// The name and content of a message, as they are compared and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageView {
    pub(crate) name: String,
    pub(crate) payload: Payload,
}

impl MessageView {
    pub(crate) fn show(&self) -> String {
        show_message(&self.name, &self.payload)
    }

    /// Returns the content of the message.
    ///
    /// For a variant of an enum, this is the JSON below the name of the variant.
    ///
    /// # Errors
    ///
    /// Returns an error if the stored text is not JSON.
    pub(crate) fn content(&self) -> Result<Json, NotJson> {
        content_of(&self.name, &self.payload)
    }

    /// Returns true if name and content are equal. The order of the fields does not matter.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let has_same_json = || match (self.payload.to_json(), other.payload.to_json()) {
            (Ok(json), Ok(other_json)) => json == other_json,
            _ => false,
        };

        self.name == other.name && (self.payload == other.payload || has_same_json())
    }
}

impl From<&SerializedMessage> for MessageView {
    fn from(message: &SerializedMessage) -> Self {
        Self {
            name: message.name.to_string(),
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

/// Returns the content of a message as JSON.
///
/// If the message is a variant of an enum, its fields are one level below the name of the variant.
/// The result has the fields without the level above them.
///
/// # Errors
///
/// Returns an error if the stored text is not JSON.
pub(crate) fn content_of(name: &str, payload: &Payload) -> Result<Json, NotJson> {
    Ok(match read_json(payload)? {
        Json::Object(mut fields) if fields.len() == 1 => {
            let variant = fields
                .keys()
                .find(|variant| name.starts_with(variant.as_str()))
                .cloned();

            match variant.and_then(|variant| fields.remove(&variant)) {
                Some(Json::Object(inner)) => Json::Object(inner),
                Some(other) => Json::Object(BTreeMap::from([(name.to_owned(), other)])),
                None => Json::Object(fields),
            }
        }
        other => other,
    })
}
