use std::sync::Arc;

use crate::{
    message::{Envelope, ExpectedVersion, MessageId, Payload, StreamName, Version},
    port::{Fence, LedgerWrite, Outgoing, RowKeys},
    record::Table,
};

/// Everything that one unit of work writes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// The name of the writer, for conflict errors.
    pub writer: &'static str,
    /// The versions that streams must have. Each stream is listed at most once. A stream that is not
    /// listed may have any version.
    pub expected: Vec<ExpectedStream>,
    /// The events, in the order in which they were raised. Each event names its stream.
    pub events: Vec<Arc<Envelope>>,
    /// The states and rows. Each pair of table and id is listed at most once.
    pub writes: Vec<Write>,
    /// The changes of whole tables, in the order in which they are made. No table of them is in `writes`.
    pub table_changes: Vec<TableChange>,
    /// The messages to add to the outbox. Their row numbers grow in this order.
    pub outgoing: Vec<Outgoing>,
    /// The messages to cancel in the outbox, if they are still pending. A store cancels them before it
    /// adds `outgoing`. It never cancels an event that it has appended, unless the row has a due time.
    pub cancelled: Vec<MessageId>,
    /// The partition that the writer works on. The commit fails if its epoch is over.
    pub fence: Option<Fence>,
    /// The ledgers to save.
    pub ledgers: Vec<LedgerWrite>,
    /// Whether the commit must survive a crash of the store.
    pub durability: Durability,
}

/// Whether a commit must survive a crash of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The commit is on disk when it returns.
    #[default]
    Full,
    /// The commit may be lost in a crash, but never a part of it. Losing a ledger costs a repetition.
    Relaxed,
}

impl Changes {
    /// Makes an empty set of changes.
    pub fn new(writer: &'static str) -> Self {
        Self {
            writer,
            ..Self::default()
        }
    }

    /// Adds the events to the outgoing messages, before all others.
    pub(crate) fn enqueue_events(&mut self) {
        let events = self.events.iter().map(|event| Outgoing {
            envelope: Arc::clone(event),
            due: None,
        });

        self.outgoing.splice(0..0, events);
    }

    /// Returns true if nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.writes.is_empty()
            && self.table_changes.is_empty()
            && self.outgoing.is_empty()
            && self.cancelled.is_empty()
            && self.ledgers.is_empty()
    }
}

/// The version that a stream must have for a commit to go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedStream {
    /// The stream.
    pub stream: StreamName,
    /// The version that it must have.
    pub version: ExpectedVersion,
}

/// A write or a deletion of one state or row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The table. Its kind says whether this is a state or a row.
    pub table: Table,
    /// The id within the table.
    pub id: Arc<str>,
    /// The version that the stored value must have. [`Version::NONE`](crate::message::Version::NONE)
    /// means that there must be no value.
    pub expected: ExpectedVersion,
    /// The new value, or `None` to delete the stored value.
    pub value: Option<Payload>,
    /// The sort keys of the declared fields of the new value.
    pub keys: RowKeys,
}

/// A change of all rows of a table, which the program does not have to read or write one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// Removes all rows with their versions, as if nobody had ever written them.
    Clear(Table),
    /// Moves the rows of a table to another table, instead of the rows that are there.
    ///
    /// A row that is the same in both tables stays as it is. Any other row of `table` is written or deleted
    /// like by a [`Write`], so its version grows by one. Two rows are the same if their values and keys are, byte for
    /// byte. Afterwards `by` is empty, as after [`Clear`](Self::Clear).
    Replace {
        /// The table that gets the rows.
        table: Table,
        /// The table that loses its rows.
        by: Table,
        /// The [version](crate::port::ProjectionStore::table_version) that `table` must have. If it has another one,
        /// the commit is a conflict.
        expected: Version,
    },
}
