use std::sync::Arc;

use crate::{
    error::Error,
    message::{Envelope, Metadata},
    model::Message,
};

/// An attempt to handle a message, as a handler is told of it when the attempt failed.
#[derive(Clone, Debug)]
pub struct Delivery {
    envelope: Arc<Envelope>,
    attempt: u32,
    is_last: bool,
}

impl Delivery {
    pub(crate) fn new(envelope: Arc<Envelope>, attempt: u32, is_last: bool) -> Self {
        Self {
            envelope,
            attempt,
            is_last,
        }
    }

    /// What is known of the message.
    pub fn metadata(&self) -> &Metadata {
        &self.envelope.metadata
    }

    /// Reads the message.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it is not an `M`.
    pub fn message<M: Message>(&self) -> Result<M, Error> {
        self.envelope.message.decode(M::NAME)
    }

    /// Which attempt it was, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns true if the message is not tried again: it becomes a dead letter, or is let go.
    pub fn is_last(&self) -> bool {
        self.is_last
    }
}
