use std::sync::Arc;

use crate::{
    clock::Timestamp,
    message::{Envelope, Position},
    port::ReceivedMessage,
};

/// A message that a subscription has received and not settled.
#[derive(Clone, Debug)]
pub(in crate::engine) struct IncomingMessage {
    pub(in crate::engine) envelope: Arc<Envelope>,
    /// The number of the attempt, from 1.
    pub(in crate::engine) attempt: u32,
    /// The offset in the source. It grows in the order of commit.
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "the test engine sorts messages by it")
    )]
    pub(in crate::engine) offset: u128,
    /// The end of the lease: until then no other engine receives the message.
    pub(in crate::engine) held_until: Timestamp,
    pub(in crate::engine) receipt: Receipt,
}

/// Where a message came from, and what settles it there.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Receipt {
    Broker(ReceivedMessage),
    Store(Position),
    /// The message is the replay of the dead letter with this id.
    DeadLetter(Arc<str>),
}

/// How a message is settled with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum SettleAction {
    /// The subscription is done with the message.
    Acknowledge,
    /// The source delivers the message again.
    Redeliver {
        /// The earliest time of the next delivery.
        due: Timestamp,
        /// Whether this delivery was an attempt. False if no handler saw the message.
        counts_as_attempt: bool,
    },
}

impl IncomingMessage {
    /// Returns true if an ordered subscription must handle the two messages one after the other.
    pub(in crate::engine) fn shares_stream(&self, other: &Self) -> bool {
        self.envelope.metadata.stream == other.envelope.metadata.stream
    }
}
