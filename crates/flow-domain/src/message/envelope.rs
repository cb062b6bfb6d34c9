use std::sync::Arc;

use crate::message::{Metadata, Payload, Position, StreamName, Version};

/// A message with its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<M = Payload> {
    /// The ids, the time and everything else besides the content.
    pub metadata: Metadata,
    /// The content.
    pub message: M,
}

impl Envelope {
    /// Returns the message as it is stored, before any [`Upcast`](crate::Upcast).
    pub fn as_stored(&self) -> &Self {
        self.metadata.upcast_from.as_deref().unwrap_or(self)
    }
}

/// An event that is stored: it has a version and a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event.
    pub envelope: Arc<Envelope>,
    /// Its version within its stream.
    pub version: Version,
    /// Its position within the whole store.
    pub position: Position,
}

impl Recorded {
    /// Returns the metadata of the event.
    pub fn metadata(&self) -> &Metadata {
        &self.envelope.metadata
    }

    /// Returns the stream of the event.
    pub fn stream(&self) -> &StreamName {
        &self.envelope.metadata.stream
    }
}
