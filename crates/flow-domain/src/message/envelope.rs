use std::sync::Arc;

use crate::message::{Metadata, Payload, Position, StreamName, Version};

/// A message with its metadata, as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<M = Payload> {
    /// What is known of the message besides its content.
    pub metadata: Metadata,
    /// The content.
    pub message: M,
}

/// An event that has a place in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event.
    pub envelope: Arc<Envelope>,
    /// Its place within its stream.
    pub version: Version,
    /// Its place within the whole store.
    pub position: Position,
}

impl Recorded {
    /// The metadata of the event.
    pub fn metadata(&self) -> &Metadata {
        &self.envelope.metadata
    }

    /// The stream that the event belongs to.
    pub fn stream(&self) -> &StreamName {
        &self.envelope.metadata.stream
    }
}
