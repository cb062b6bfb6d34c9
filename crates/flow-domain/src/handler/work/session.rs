use std::sync::Arc;

use crate::{
    error::Error,
    handler::work::{
        history::History,
        indexed::Indexed,
        savepoint::Undo,
        tracked_state::{PendingChange, TrackedStream, TrackedValue},
    },
    message::{Envelope, ExpectedVersion, MessageId, StreamName, Version},
    model::LoadToken,
    port::{Changes, ExpectedStream, Outgoing, RowKeys, StoredState, Write},
    record::{EntryId, Table},
};

/// Everything that a unit of work has read and written so far.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(super) values: Indexed<TrackedValue>,
    pub(super) streams: Indexed<TrackedStream>,
    pub(super) events: Indexed<Arc<Envelope>>,
    /// For each event, the entry of the record at which it was raised.
    pub(super) event_entries: Vec<EntryId>,
    /// The messages that the last commit sent. They stay when the session is cleared.
    pub(super) sent: Vec<MessageId>,
    /// How many of them are commands that wait for no time.
    pub(super) n_due_commands: usize,
    /// In a box, because few handlings send something, but every handling has a session.
    pub(super) pending_sends: Option<Box<PendingSends>>,
    /// How to undo the changes since the first savepoint.
    pub(super) undo: Vec<Undo>,
    pub(super) n_savepoints: usize,
}

/// Changes of the outbox.
#[derive(Debug, Default)]
pub(super) struct PendingSends {
    /// The commands to send.
    pub(super) outgoing: Vec<Outgoing>,
    /// The earlier commands to cancel.
    pub(super) cancelled: Vec<MessageId>,
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&TrackedValue> {
        let place = self.values.position(id, |value| value.table == table)?;
        self.values.get(place)
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&TrackedStream> {
        let place = self.stream_place(name)?;
        self.streams.get(place)
    }

    fn stream_place(&self, name: &StreamName) -> Option<usize> {
        self.streams
            .position(name.id(), |stream| stream.name == *name)
    }

    /// Returns the events of a stream that were raised so far, in order.
    pub(super) fn raised<'a>(
        &'a self,
        stream: &'a StreamName,
    ) -> impl Iterator<Item = &'a Envelope> {
        self.events
            .with_id(stream.id())
            .filter(|event| event.metadata.stream == *stream)
            .map(|event| &**event)
    }

    /// Returns the pending changes of the outbox, to change them.
    pub(super) fn pending_sends_mut(&mut self) -> &mut PendingSends {
        self.pending_sends.get_or_insert_default()
    }

    /// Adds a value as it was read from the store.
    pub(super) fn track_value(
        &mut self,
        (table, id): (Table, Arc<str>),
        stored: Option<StoredState>,
        start_entry: EntryId,
    ) {
        let (version, before, keys_before) = match stored {
            Some(stored) => (stored.version, Some(stored.value), stored.keys),
            None => (Version::NONE, None, RowKeys::default()),
        };

        self.values.push(TrackedValue {
            version,
            before,
            keys_before,
            was_read: true,
            start_entry,
            ..TrackedValue::unread(table, id)
        });
    }

    /// Adds a stream as it was read from the store.
    pub(super) fn track_stream(
        &mut self,
        name: StreamName,
        history: History,
        start_entry: EntryId,
    ) {
        self.streams.push(TrackedStream {
            version: history.version(),
            name,
            history,
            was_read: true,
            start_entry,
            revision: 0,
            new_snapshot: None,
        });
    }

    /// Sets the pending change of a value. A value that was never loaded must not exist in the store.
    ///
    /// A change back to the stored value is no change, unless some call set `always_write`.
    pub(super) fn set_change(
        &mut self,
        (table, id): (Table, &Arc<str>),
        change: PendingChange,
        always_write: bool,
        start_entry: EntryId,
    ) {
        let place = self
            .values
            .position(id, |value| value.table == table)
            .unwrap_or_else(|| {
                self.values
                    .push(TrackedValue::unread(table, Arc::clone(id)));
                self.values.len() - 1
            });
        let has_savepoint = 0 < self.n_savepoints;
        let Some(value) = self.values.get_mut(place) else {
            return;
        };
        if has_savepoint {
            self.undo.push(Undo::of_value(place, value));
        }

        value.always_write |= always_write;
        let is_unchanged = match &change {
            PendingChange::Put(after, keys) => {
                value.before.as_ref() == Some(after) && value.keys_before == *keys
            }
            PendingChange::Delete => value.before.is_none(),
            PendingChange::Unchanged => true,
        };
        value.change = if is_unchanged && !value.always_write {
            PendingChange::Unchanged
        } else {
            change
        };
        value.start_entry = start_entry;
        value.revision += 1;
    }

    /// Returns a conflict unless the aggregate with this token is the newest copy.
    pub(super) fn require_newest(
        &self,
        (table, id): (Table, &Arc<str>),
        load_token: Option<&LoadToken>,
        handler: &str,
    ) -> Result<(), Error> {
        let newest = self
            .value(table, id)
            .map(|value| (value.revision, value.current().is_some()));

        require_newest_revision(newest, load_token, || (handler, format!("{table} `{id}`")))
    }

    /// Returns a conflict unless the event-sourced aggregate with this token is the newest copy.
    pub(super) fn require_newest_stream(
        &self,
        name: &StreamName,
        load_token: Option<&LoadToken>,
        handler: &str,
    ) -> Result<(), Error> {
        let newest = self.stream(name).map(|stream| {
            let exists = !stream.history.is_empty() || 0 < stream.revision;
            (stream.revision, exists)
        });

        require_newest_revision(newest, load_token, || (handler, format!("stream `{name}`")))
    }

    /// Marks older copies of an aggregate as outdated, because events are raised on its stream.
    ///
    /// A stream that was never loaded must be empty in the store.
    pub(super) fn increment_revision(&mut self, name: &StreamName) {
        if let Some(place) = self.stream_place(name)
            && let Some(stream) = self.streams.get_mut(place)
        {
            if 0 < self.n_savepoints {
                self.undo.push(Undo::of_stream(place, stream));
            }
            stream.revision += 1;
            return;
        }

        self.streams.push(TrackedStream {
            name: name.clone(),
            version: Version::NONE,
            history: History::default(),
            was_read: false,
            start_entry: EntryId::UNRECORDED,
            revision: 1,
            new_snapshot: None,
        });
    }

    /// Writes a snapshot of this stream with its events.
    pub(super) fn set_snapshot(&mut self, name: &StreamName, snapshot: Write) {
        // The raised events have marked the stream as changed, so a rollback finds the snapshot before.
        if let Some(place) = self.stream_place(name)
            && let Some(stream) = self.streams.get_mut(place)
        {
            stream.new_snapshot = Some(snapshot);
        }
    }

    /// Like [`Self::increment_revision`], for an event that is raised without its aggregate.
    ///
    /// A stream that was never loaded may have any version then, so it stays untracked.
    pub(super) fn increment_revision_if_tracked(&mut self, name: &StreamName) {
        if self.stream(name).is_some() {
            self.increment_revision(name);
        }
    }

    /// Returns true if there is something to commit.
    pub(super) fn has_changes(&self) -> bool {
        !self.events.is_empty()
            || self.pending_sends.is_some()
            || self
                .values
                .iter()
                .any(|value| value.change != PendingChange::Unchanged)
    }

    /// Returns true if the commit checks only versions that were not loaded: nothing may be there.
    ///
    /// A fresh load cannot change that, because there was none.
    pub(super) fn writes_blindly(&self) -> bool {
        let values = self.values.iter();
        let written = values.filter(|value| value.change != PendingChange::Unchanged);
        let streams = self.streams.iter();
        let raised = streams.filter(|stream| 0 < stream.revision);

        let mut checks = written
            .map(|value| value.was_read)
            .chain(raised.map(|stream| stream.was_read))
            .peekable();
        checks.peek().is_some() && !checks.any(|was_read| was_read)
    }

    /// Returns the events and commands that the last unit of work committed.
    pub(crate) fn sent(&self) -> &[MessageId] {
        &self.sent
    }

    /// Returns how many of the sent messages are commands that are due at once.
    pub(crate) fn n_due_commands(&self) -> usize {
        self.n_due_commands
    }

    /// Removes everything, and keeps the allocated memory for the next unit of work.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.streams.clear();
        self.events.clear();
        self.event_entries.clear();
        self.pending_sends = None;
        self.undo.clear();
        self.n_savepoints = 0;
    }

    /// Returns all changes for the store, made by the handler `by`. Moves the events out of the
    /// session.
    pub(super) fn take_changes(&mut self, by: &'static str) -> Changes {
        let mut changes = Changes::new(by);

        for stream in self.streams.iter() {
            if self.raised(&stream.name).next().is_some() {
                changes.expected.push(ExpectedStream {
                    stream: stream.name.clone(),
                    version: ExpectedVersion::Exact(stream.version),
                });
                changes.writes.extend(stream.new_snapshot.clone());
            }
        }

        changes.events = self.events.take();
        if let Some(sends) = self.pending_sends.take() {
            changes.outgoing = sends.outgoing;
            changes.cancelled = sends.cancelled;
        }

        let changed_values = || {
            self.values
                .iter()
                .filter(|value| value.change != PendingChange::Unchanged)
        };
        changes.writes.reserve_exact(changed_values().count());
        changes.writes.extend(changed_values().map(|value| Write {
            table: value.table,
            id: Arc::clone(&value.id),
            expected: ExpectedVersion::Exact(value.version),
            value: value.current().cloned(),
            keys: value.current_keys(),
        }));

        changes
    }
}

/// Returns a conflict unless a copy with this token has the newest revision.
///
/// `newest` is the newest revision, and whether the aggregate exists. It is `None` if this unit of
/// work neither loaded nor wrote the aggregate. A copy without a token is new: it was not loaded.
/// `describe` returns the handler and the aggregate, for the error.
fn require_newest_revision<'a>(
    newest: Option<(u32, bool)>,
    load_token: Option<&LoadToken>,
    describe: impl FnOnce() -> (&'a str, String),
) -> Result<(), Error> {
    let (expected, found) = match (newest, load_token) {
        (None | Some((_, false)), None) => return Ok(()),
        (Some((revision, _)), Some(token)) if token.revision == revision => return Ok(()),
        (Some((_, true)), None) => (
            "nothing there",
            "an aggregate that was loaded or added before: change that one, or load the aggregate again",
        ),
        (Some(_), Some(_)) => (
            "the copy that was loaded last",
            "an older copy: this handler, or a command that it processed, has written the aggregate since; load it again",
        ),
        (None, Some(_)) => (
            "a copy that was loaded in this unit of work",
            "a copy from another unit of work: load the aggregate here",
        ),
    };

    let (handler, aggregate) = describe();
    Err(Error::conflict(handler, aggregate, expected, found))
}
