use std::sync::Arc;

use crate::{
    handler::work::{history::History, indexed::HasId},
    message::{Envelope, Payload, StreamName, Version},
    model::LoadToken,
    port::{RowKeys, Write},
    record::{EntryId, Table},
};

/// A state or row that was loaded or written.
#[derive(Debug)]
pub(super) struct TrackedValue {
    pub(super) table: Table,
    pub(super) id: Arc<str>,
    /// The version in the store; `NONE` if the store has no such value.
    pub(super) version: Version,
    /// The value in the store.
    pub(super) before: Option<Payload>,
    /// The sort keys of the value in the store.
    pub(super) keys_before: RowKeys,
    pub(super) change: PendingChange,
    /// The start entry of the handling that wrote the value last, or read it if none wrote it.
    pub(super) start_entry: EntryId,
    /// Whether it was read from the store. A value that is added without a read must not exist
    /// there.
    pub(super) was_read: bool,
    /// Whether it is written even if it is unchanged.
    pub(super) always_write: bool,
    /// How often it was written in this unit of work.
    pub(super) revision: u32,
}

/// What a commit does to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PendingChange {
    Unchanged,
    Put(Payload, RowKeys),
    Delete,
}

/// The stream of an event-sourced aggregate that was loaded or written.
#[derive(Debug)]
pub(super) struct TrackedStream {
    pub(super) name: StreamName,
    /// The version in the store.
    pub(super) version: Version,
    /// The events in the store.
    pub(super) history: History,
    /// Whether it was read from the store.
    pub(super) was_read: bool,
    /// The start entry of the handling that read the stream.
    pub(super) start_entry: EntryId,
    /// How often events were raised on it in this unit of work.
    pub(super) revision: u32,
    /// The snapshot to write with the events.
    pub(super) new_snapshot: Option<Write>,
}

impl HasId for TrackedValue {
    fn id(&self) -> &Arc<str> {
        &self.id
    }
}

impl HasId for TrackedStream {
    fn id(&self) -> &Arc<str> {
        self.name.shared_id()
    }
}

/// An event has the id of its stream.
impl HasId for Arc<Envelope> {
    fn id(&self) -> &Arc<str> {
        self.metadata.stream.shared_id()
    }
}

impl TrackedValue {
    /// Returns a value that was not read from the store, and must not exist there.
    pub(super) fn unread(table: Table, id: Arc<str>) -> Self {
        Self {
            table,
            id,
            version: Version::NONE,
            before: None,
            keys_before: RowKeys::default(),
            change: PendingChange::Unchanged,
            start_entry: EntryId::UNRECORDED,
            was_read: false,
            always_write: false,
            revision: 0,
        }
    }

    /// Returns the value as it was read, without the changes since then.
    pub(super) fn without_changes(self) -> Self {
        Self {
            change: PendingChange::Unchanged,
            always_write: false,
            revision: 0,
            ..self
        }
    }

    /// Returns true if the value was not found in the store, and not written either.
    ///
    /// Returns false for bookkeeping: a missing row is normal there.
    pub(super) fn is_not_found(&self) -> bool {
        self.table.kind.has_user_data()
            && self.was_read
            && self.before.is_none()
            && self.change == PendingChange::Unchanged
    }

    /// Returns the value after the pending change, as a read in this unit of work sees it.
    pub(super) fn current(&self) -> Option<&Payload> {
        match &self.change {
            PendingChange::Unchanged => self.before.as_ref(),
            PendingChange::Put(value, _) => Some(value),
            PendingChange::Delete => None,
        }
    }

    /// Returns the sort keys of the value after the pending change.
    pub(super) fn current_keys(&self) -> RowKeys {
        match &self.change {
            PendingChange::Unchanged => self.keys_before.clone(),
            PendingChange::Put(_, keys) => keys.clone(),
            PendingChange::Delete => RowKeys::default(),
        }
    }

    /// Returns a token for a copy that is loaded now.
    pub(super) fn load_token(&self) -> LoadToken {
        LoadToken {
            id: Arc::clone(&self.id),
            revision: self.revision,
        }
    }
}

impl TrackedStream {
    /// Returns the entry of the handling that read the stream, if it was empty and still is.
    pub(super) fn not_found_by(&self) -> Option<EntryId> {
        let is_not_found = self.was_read && self.history.is_empty() && self.revision == 0;
        is_not_found.then_some(self.start_entry)
    }

    /// Returns a token for a copy that is loaded now.
    pub(super) fn load_token(&self) -> LoadToken {
        LoadToken {
            id: Arc::clone(self.name.shared_id()),
            revision: self.revision,
        }
    }
}
