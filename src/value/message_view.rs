use std::collections::BTreeMap;

use flow_domain::{
    Message,
    json::Json,
    message::{Envelope, MessageLabels, MessageSchema, Payload},
    model::{SameContent, SerializedMessage},
};

use crate::value::{NotJson, read_json, show_message};

/// A message, as it is compared and shown.
#[derive(Clone, Debug)]
pub(crate) struct MessageView {
    /// The label of the message. Two messages of different aggregates have different labels.
    pub(crate) name: String,
    /// The name without the aggregate and the version.
    short_name: String,
    pub(crate) payload: Payload,
    /// Compares two contents by `PartialEq`, if the test gave a value of the Rust type.
    same_content: Option<SameContent>,
}

impl MessageView {
    pub(crate) fn new(envelope: &Envelope, labels: &MessageLabels) -> Self {
        Self {
            name: labels.label_of_envelope(envelope),
            short_name: envelope.metadata.message_type.name().to_owned(),
            payload: envelope.message.clone(),
            same_content: None,
        }
    }

    pub(crate) fn of_serialized(message: &SerializedMessage, labels: &MessageLabels) -> Self {
        Self {
            name: labels.label(message.category, message.name),
            short_name: message.name.as_str().to_owned(),
            payload: message.payload.clone(),
            same_content: None,
        }
    }

    /// Compares the message with others by this function.
    pub(crate) fn compared_by(mut self, same_content: SameContent) -> Self {
        self.same_content = Some(same_content);
        self
    }

    pub(crate) fn show(&self) -> String {
        show_message(&self.name, &self.short_name, &self.payload)
    }

    /// Returns the content of the message.
    ///
    /// For a variant of an enum, this is the JSON below the name of the variant.
    ///
    /// # Errors
    ///
    /// Returns an error if the stored text is not JSON.
    pub(crate) fn content(&self) -> Result<Json, NotJson> {
        content_of(&self.short_name, &self.payload)
    }
}

/// Two messages are equal if they are of the same kind and have the same content.
///
/// The contents are compared by `PartialEq` if one of the messages is a value of the test whose type
/// implements it, or else by their JSON.
impl PartialEq for MessageView {
    fn eq(&self, other: &Self) -> bool {
        let same_content = self
            .same_content
            .or(other.same_content)
            .unwrap_or(Payload::has_same_json);

        self.name == other.name && same_content(&self.payload, &other.payload)
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
