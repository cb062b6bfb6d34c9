use std::sync::Arc;

use crate::{
    clock::Timestamp,
    message::{Envelope, ExpectedVersion, MessageId, Payload, StreamName},
    port::Outgoing,
    record::Table,
};

/// Everything that one unit of work wrote.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// Who writes; a conflict names it.
    pub writer: &'static str,
    /// The versions that streams must have. Each stream is listed once at most, and a stream that
    /// is not listed may be at any version.
    pub expected: Vec<ExpectedStream>,
    /// The events, in the order in which they were raised; each names its stream.
    pub events: Vec<Arc<Envelope>>,
    /// The states and rows. Each table and id is listed once at most.
    pub writes: Vec<Write>,
    /// What is added to the outbox, in order.
    pub outgoing: Vec<Outgoing>,
    /// What is taken back from the outbox, if it is still pending, before anything is added to it.
    pub cancelled: Vec<MessageId>,
}

impl Changes {
    /// Makes an empty set of changes by `by`.
    pub fn new(by: &'static str) -> Self {
        Self {
            writer: by,
            ..Self::default()
        }
    }

    /// Adds the events to what is sent, before everything else that is.
    pub(crate) fn enqueue_events(&mut self, now: Timestamp) {
        let events = self.events.iter().map(|event| Outgoing {
            envelope: Arc::clone(event),
            due: now,
        });
        self.outgoing.splice(0..0, events);
    }

    /// Returns true if nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.writes.is_empty()
            && self.outgoing.is_empty()
            && self.cancelled.is_empty()
    }
}

/// The version that a stream must have before the events of a unit of work are appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedStream {
    /// The stream.
    pub stream: StreamName,
    /// Its version.
    pub version: ExpectedVersion,
}

/// One state or row, written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where it is kept; the kind tells whether it is a state or a row.
    pub table: Table,
    /// The id that it is kept under.
    pub id: Arc<str>,
    /// The version that it must have; [`Version::NONE`](crate::message::Version::NONE) means that
    /// there must be nothing.
    pub expected: ExpectedVersion,
    /// The value, or `None` to delete it.
    pub value: Option<Payload>,
}
