use std::{borrow::Cow, collections::BTreeMap};

use flow_domain::{
    Message,
    json::Json,
    message::{Envelope, MessageLabels, MessageSchema, Payload},
    model::{SameContent, SerializedMessage},
};

use crate::value::{NotJson, cut_middle, read_json, show_message};

/// What kind of message it is. Messages of different aggregates are of different kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MessageKind {
    category: Cow<'static, str>,
    /// The name without the version. The JSON of an enum has it as the name of the variant.
    name: Cow<'static, str>,
    version: u32,
}

/// A message, as it is compared and shown.
#[derive(Clone, Debug)]
pub(crate) struct MessageView {
    kind: MessageKind,
    /// The labels of the domain. A view finds its own only for a text, which few runs need.
    labels: MessageLabels,
    pub(crate) payload: Payload,
    /// Compares two contents by `PartialEq`, if the test gave a value of the Rust type.
    same_content: Option<SameContent>,
}

impl MessageView {
    pub(crate) fn new(envelope: &Envelope, labels: &MessageLabels) -> Self {
        let metadata = &envelope.metadata;
        Self {
            kind: MessageKind {
                category: metadata.stream.category().to_owned().into(),
                name: metadata.message_type.name().to_owned().into(),
                version: metadata.message_type.version(),
            },
            labels: labels.clone(),
            payload: envelope.message.clone(),
            same_content: None,
        }
    }

    pub(crate) fn of_serialized(message: &SerializedMessage, labels: &MessageLabels) -> Self {
        Self {
            kind: MessageKind {
                category: message.category.into(),
                name: message.name.as_str().into(),
                version: message.name.version(),
            },
            labels: labels.clone(),
            payload: message.payload.clone(),
            same_content: None,
        }
    }

    /// Compares the message with others by this function.
    pub(crate) fn compared_by(mut self, same_content: SameContent) -> Self {
        self.same_content = Some(same_content);
        self
    }

    /// Returns the label of the message, for texts.
    pub(crate) fn label(&self) -> String {
        let kind = &self.kind;
        self.labels
            .label_of(&kind.category, &kind.name, kind.version)
    }

    /// Returns true if the other message has the same category, name and version.
    pub(crate) fn is_same_kind(&self, other: &Self) -> bool {
        self.kind == other.kind
    }

    /// Returns the message in Rust syntax, cut in the middle if it is long.
    pub(crate) fn show(&self) -> String {
        cut_middle(self.show_whole())
    }

    /// Returns the message in Rust syntax: `PlaceOrder { order_id: "ord-01", quantity: 2 }`.
    pub(crate) fn show_whole(&self) -> String {
        show_message(&self.label(), &self.kind.name, &self.payload)
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

/// Returns the content of a message as JSON. `variant` is its name without the version.
///
/// If the message is a variant of an enum, its fields are one level below the name of the variant.
/// The result has the fields without the level above them.
///
/// # Errors
///
/// Returns an error if the stored text is not JSON.
pub(crate) fn content_of(variant: &str, payload: &Payload) -> Result<Json, NotJson> {
    Ok(match read_json(payload)? {
        Json::Object(mut fields) if fields.len() == 1 => match fields.remove(variant) {
            Some(Json::Object(inner)) => Json::Object(inner),
            Some(other) => Json::Object(BTreeMap::from([(variant.to_owned(), other)])),
            None => Json::Object(fields),
        },
        other => other,
    })
}
