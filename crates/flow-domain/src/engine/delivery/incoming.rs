use std::sync::Arc;

use crate::message::Envelope;

/// A message that a subscription has received and not settled.
#[derive(Clone, Debug)]
pub(in crate::engine) struct IncomingMessage {
    pub(in crate::engine) envelope: Arc<Envelope>,
    /// The number of the attempt, from 1.
    pub(in crate::engine) attempt: u32,
    pub(in crate::engine) origin: Origin,
}

/// Where a message came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Origin {
    /// A partition of the broker or of the event store.
    Partition {
        /// The index of the topic; 0 in the event store.
        topic: usize,
        partition: u32,
        place: u64,
    },
    /// The replay of the dead letter with this id.
    DeadLetter(Arc<str>),
    /// A test delivers the message once more.
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "only a test repeats a message")
    )]
    Repeated,
}

impl IncomingMessage {
    /// Makes a message that nobody has tried.
    pub(in crate::engine) fn read(envelope: Arc<Envelope>, origin: Origin) -> Self {
        Self {
            envelope,
            attempt: 1,
            origin,
        }
    }

    /// Returns the id of the dead letter if the message is a replay.
    pub(in crate::engine) fn dead_letter_id(&self) -> Option<&Arc<str>> {
        match &self.origin {
            Origin::DeadLetter(id) => Some(id),
            Origin::Partition { .. } | Origin::Repeated => None,
        }
    }

    /// Returns the partition that the message was read from.
    pub(in crate::engine) fn partition(&self) -> Option<u32> {
        match &self.origin {
            Origin::Partition { partition, .. } => Some(*partition),
            Origin::DeadLetter(_) | Origin::Repeated => None,
        }
    }
}
