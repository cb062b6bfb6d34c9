use std::sync::Arc;

use crate::{
    error::Error,
    message::{MessageName, Payload, StreamName},
    model::Message,
};

/// A serialized message without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerializedMessage {
    /// The name of the message.
    pub name: MessageName,
    /// Its category.
    pub category: &'static str,
    /// The id of the aggregate that it is for; empty if it names none.
    pub id: Arc<str>,
    /// The field with this id. `None` if the message declares none.
    pub id_field: Option<&'static str>,
    /// Its content.
    pub payload: Payload,
}

impl SerializedMessage {
    /// Serializes a message.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it has no JSON form.
    pub fn new<M: Message>(message: &M) -> Result<Self, Error> {
        let name = message.message_name();
        let schema = M::SCHEMAS.iter().find(|schema| schema.name == name);

        Ok(Self {
            name,
            category: M::CATEGORY,
            id: Arc::from(&*message.aggregate_id()),
            id_field: schema.and_then(|schema| schema.id),
            payload: Payload::encode(M::NAME, message)?,
        })
    }

    /// Returns a message of a system that is not built on this crate.
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    pub fn of_value(name: MessageName, category: &'static str, id: &str, payload: Payload) -> Self {
        Self {
            name,
            category,
            id: Arc::from(id),
            id_field: None,
            payload,
        }
    }

    /// Returns true if `other` is the same kind of message: its category and its name are equal.
    pub fn has_same_name(&self, other: &Self) -> bool {
        (self.category, self.name) == (other.category, other.name)
    }

    /// Returns the stream of the aggregate that the message is for.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the message names no id, or if the
    /// id is not a valid key; see [`Id`](crate::Id).
    pub fn stream(&self) -> Result<StreamName, Error> {
        StreamName::new(self.category, Arc::clone(&self.id)).map_err(|err| {
            err.of(
                &self.name.to_string(),
                self.id_field.unwrap_or("aggregate_id"),
            )
        })
    }
}
