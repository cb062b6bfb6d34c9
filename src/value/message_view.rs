use std::collections::BTreeMap;

use flow_domain::{
    Message,
    json::Json,
    message::{Envelope, MessageLabels, MessageSchema, Payload},
    model::{SameContent, SerializedMessage},
};

use crate::value::{NotJson, read_json, show_message};

/// What kind of message it is. Messages of different aggregates are of different kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MessageKind {
    category: String,
    name: String,
    version: u32,
}

/// A message, as it is compared and shown.
#[derive(Clone, Debug)]
pub(crate) struct MessageView {
    kind: MessageKind,
    /// The label of the message, for texts.
    pub(crate) name: String,
    pub(crate) payload: Payload,
    /// Compares two contents by `PartialEq`, if the test gave a value of the Rust type.
    same_content: Option<SameContent>,
}

impl MessageView {
    pub(crate) fn new(envelope: &Envelope, labels: &MessageLabels) -> Self {
        let metadata = &envelope.metadata;
        Self {
            kind: MessageKind {
                category: metadata.stream.category().to_owned(),
                name: metadata.message_type.name().to_owned(),
                version: metadata.message_type.version(),
            },
            name: labels.label_of_envelope(envelope),
            payload: envelope.message.clone(),
            same_content: None,
        }
    }

    pub(crate) fn of_serialized(message: &SerializedMessage, labels: &MessageLabels) -> Self {
        Self {
            kind: MessageKind {
                category: message.category.to_owned(),
                name: message.name.as_str().to_owned(),
                version: message.name.version(),
            },
            name: labels.label(message.category, message.name),
            payload: message.payload.clone(),
            same_content: None,
        }
    }

    /// Compares the message with others by this function.
    pub(crate) fn compared_by(mut self, same_content: SameContent) -> Self {
        self.same_content = Some(same_content);
        self
    }

    /// Returns true if the other message has the same category, name and version.
    pub(crate) fn is_same_kind(&self, other: &Self) -> bool {
        self.kind == other.kind
    }

    pub(crate) fn show(&self) -> String {
        show_message(&self.name, &self.kind.name, &self.payload)
    }

    /// Returns the content of the message.
    ///
    /// For a variant of an enum, this is the JSON below the name of the variant.
    ///
    /// # Errors
    ///
    /// Returns an error if the stored text is not JSON.
    pub(crate) fn content(&self) -> Result<Json, NotJson> {
        content_of(&self.kind.name, &self.payload)
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

        self.is_same_kind(other) && same_content(&self.payload, &other.payload)
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
