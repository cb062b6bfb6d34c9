use flow_domain::{
    clock::Timestamp,
    json::Json,
    message::{Envelope, MessageKind, MessageLabels, Processing},
    record::EntryId,
};

use crate::{expect::StateSubject, value::content_of};

/// A message: an event or a command.
#[derive(Debug)]
pub(super) struct IndexedMessage<'r> {
    /// The entry that created the message.
    pub(super) entry: EntryId,
    /// The entry that stored or submitted the message; `None` if it was rolled back.
    pub(super) stored_at: Option<EntryId>,
    pub(super) envelope: &'r Envelope,
    /// The label of the message. Two messages of different aggregates have different labels.
    pub(super) name: String,
    /// The index of the call that created the message; `None` if the message came from outside.
    pub(super) produced_by: Option<usize>,
    /// The indices of the calls in which handlers were called with the message, oldest first.
    pub(super) calls: Vec<usize>,
    /// The time at which the message is due, if it was scheduled.
    pub(super) due: Option<Timestamp>,
    pub(super) is_cancelled: bool,
    pub(super) is_expired: bool,
    pub(super) has_no_subscriber: bool,
    /// The handlers that exhausted their retries, so that the message became a dead letter.
    pub(super) dead_letters: Vec<&'static str>,
}

impl<'r> IndexedMessage<'r> {
    /// Returns a message that came from outside and was stored at once.
    pub(super) fn new(entry: EntryId, envelope: &'r Envelope, labels: &MessageLabels) -> Self {
        Self {
            entry,
            stored_at: Some(entry),
            envelope,
            name: labels.label_of_envelope(envelope),
            produced_by: None,
            calls: Vec::new(),
            due: None,
            is_cancelled: false,
            is_expired: false,
            has_no_subscriber: false,
            dead_letters: Vec::new(),
        }
    }

    /// Returns the content as JSON, see [`content_of`]; `None` if the message is not JSON.
    pub(super) fn content(&self) -> Option<Json> {
        content_of(self.short_name(), &self.envelope.message).ok()
    }

    /// Returns the name of the message without its aggregate and its version.
    pub(super) fn short_name(&self) -> &'r str {
        self.envelope.metadata.message_type.name()
    }

    /// Returns the first field that contains this id.
    pub(super) fn field_carrying(&self, id: &str) -> Option<String> {
        let Some(Json::Object(fields)) = self.content() else {
            return None;
        };

        // A number may be a quantity. It is an id only if its field has the name of an id, or if it
        // identifies the stream.
        let is_own_id = self.stream_id() == id;
        let field = fields.into_iter().find(|(name, value)| match value {
            Json::Number(_) => (is_own_id || is_id_name(name)) && equals_text(value, id),
            _ => equals_text(value, id),
        });

        field.map(|(name, _)| name)
    }

    /// Returns true if the message belongs to the stream with this id or contains the id.
    pub(super) fn is_about(&self, id: &str) -> bool {
        self.stream_id() == id || self.field_carrying(id).is_some()
    }

    /// Returns true if the message is about the id of the subject, or if the subject has none.
    pub(super) fn is_about_subject(&self, subject: &StateSubject) -> bool {
        subject.id.as_ref().is_none_or(|id| self.is_about(id))
    }

    /// Returns true if the message was stored or submitted, and not rolled back.
    pub(super) fn is_stored(&self) -> bool {
        self.stored_at.is_some()
    }

    /// Returns the verb for the creation of the message: events are raised, commands are issued.
    pub(super) fn verb(&self) -> &'static str {
        if self.is_event() { "raised" } else { "issued" }
    }

    pub(super) fn is_event(&self) -> bool {
        self.envelope.metadata.kind == MessageKind::Event
    }

    pub(super) fn is_async(&self) -> bool {
        self.envelope.metadata.processing == Processing::Async
    }

    pub(super) fn category(&self) -> &str {
        self.envelope.metadata.stream.category()
    }

    pub(super) fn stream_id(&self) -> &str {
        self.envelope.metadata.stream.id()
    }
}

/// Returns true if a field has the name of an id: `id`, `order_id`, `orderId`. `paid` is none.
fn is_id_name(field: &str) -> bool {
    field == "id" || field.ends_with("_id") || field.ends_with("Id")
}

/// Returns true if a value is this text, or a number that is written like this text.
pub(super) fn equals_text(value: &Json, text: &str) -> bool {
    match value {
        Json::String(value) => value == text,
        Json::Number(number) => number.to_string() == text,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_name_that_ends_with_id_by_chance_is_no_id() {
        assert!(["id", "order_id", "orderId"].into_iter().all(is_id_name));
        assert!(!["paid", "valid", "is_paid"].into_iter().any(is_id_name));
    }
}
