use std::sync::Arc;

use crate::{
    error::Error,
    message::{Envelope, Metadata},
    model::Message,
};

/// A failed attempt to handle a message, as `handle_error` of a handler receives it.
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

    /// Returns the metadata of the message.
    pub fn metadata(&self) -> &Metadata {
        &self.envelope.metadata
    }

    /// Returns the message, decoded.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the message is not an `M`.
    pub fn message<M: Message>(&self) -> Result<M, Error> {
        self.envelope.message.decode(M::NAME)
    }

    /// Returns the number of the attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns true if there is no further attempt: the message becomes a dead letter, or is skipped.
    pub fn is_last(&self) -> bool {
        self.is_last
    }
}
