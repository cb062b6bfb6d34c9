use std::sync::Arc;

use crate::{
    clock::Timestamp,
    message::{Envelope, Position},
    port::ReceivedMessage,
};

/// A message that a subscription was handed and has not done with.
#[derive(Clone, Debug)]
pub(in crate::engine) struct IncomingMessage {
    pub(in crate::engine) envelope: Arc<Envelope>,
    /// Which attempt this is, from 1.
    pub(in crate::engine) attempt: u32,
    /// Its place among the messages that subscriptions of this kind read; it grows in order of commit.
    pub(in crate::engine) offset: u128,
    /// Until when nobody else is handed it.
    pub(in crate::engine) held_until: Timestamp,
    pub(in crate::engine) receipt: Receipt,
}

/// What it is settled by.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Receipt {
    Broker(ReceivedMessage),
    Store(Position),
    /// It was given up on before, and is replayed.
    DeadLetter(Arc<str>),
}

/// What becomes of a message after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum SettleAction {
    /// The subscription is done with it.
    Acknowledge,
    /// It is tried again at this time.
    Redeliver {
        due: Timestamp,
        /// Whether this was an attempt, or it was not looked at.
        counts_as_attempt: bool,
    },
}

impl IncomingMessage {
    /// Returns true if the two must be handled one after the other.
    pub(in crate::engine) fn shares_stream(&self, other: &Self) -> bool {
        self.envelope.metadata.stream == other.envelope.metadata.stream
    }
}
