use std::sync::Arc;

use crate::{
    error::Error,
    message::{MessageName, Payload, StreamName},
    model::{Aggregate, Message},
};

/// A message that was written down to be handed over later, without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The name of the message.
    pub name: MessageName,
    /// The category that it belongs to.
    pub category: &'static str,
    /// The id of the aggregate that it is for; empty if it names none.
    pub id: Arc<str>,
    /// Its content.
    pub payload: Payload,
}

impl Written {
    /// Writes a message down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it has no JSON form.
    pub fn new<M: Message>(message: &M) -> Result<Self, Error> {
        Ok(Self {
            name: message.message_name(),
            category: M::CATEGORY,
            id: Arc::from(&*message.aggregate_id()),
            payload: Payload::encode(M::NAME, message)?,
        })
    }

    /// Returns true if the other has the same name and the same content, in whatever order the fields
    /// and the entries of maps are written.
    pub fn equals(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.payload == other.payload
                || self.payload.to_value() == other.payload.to_value())
    }

    /// The stream of the aggregate that the message is for.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the message names no id.
    pub fn stream(&self) -> Result<StreamName, Error> {
        StreamName::new(self.category, Arc::clone(&self.id))
            .map_err(|err| Error::setup(format!("`{}` names no stream: {err}", self.name)))
    }
}

/// An aggregate that was written down, with the events that it raised, without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenAggregate {
    /// The name of the aggregate.
    pub name: &'static str,
    /// The category of its streams.
    pub category: &'static str,
    /// Its id.
    pub id: Arc<str>,
    /// Its state; `None` if it is event-sourced.
    pub state: Option<Payload>,
    /// The events that it raised.
    pub raised: Vec<Written>,
}

impl WrittenAggregate {
    /// Writes an aggregate down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it, or one of its events, has no JSON
    /// form; one for which [`Error::is_setup`] is true if it is event-sourced and raised nothing, for
    /// then there is nothing to store.
    pub fn new<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let raised = aggregate.raised().written()?;
        if A::EVENT_SOURCED && raised.is_empty() {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and this one raised no events, so there is nothing to store",
                A::NAME
            )));
        }
        let state = if A::EVENT_SOURCED {
            None
        } else {
            Some(Payload::encode(A::NAME, aggregate)?)
        };
        Ok(Self {
            name: A::NAME,
            category: A::CATEGORY,
            id: Arc::from(&*aggregate.id()),
            state,
            raised,
        })
    }
}
