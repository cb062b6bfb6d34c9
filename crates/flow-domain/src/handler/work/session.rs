use std::sync::Arc;

use crate::{
    error::Error,
    handler::work::{
        history::History,
        tracked_state::{PendingChange, TrackedStream, TrackedValue},
    },
    message::{Envelope, ExpectedVersion, MessageId, MessageLabels, StreamName, Version},
    model::LoadToken,
    port::{Changes, ExpectedStream, Outgoing, RowKeys, StoredState, Write},
    record::{DiscardedEffect, EntryId, Table},
};

/// Everything that a unit of work has read and written so far.
///
/// A handling uses only a few values. A linear search in a vector is faster than a map then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(super) values: Vec<TrackedValue>,
    pub(super) streams: Vec<TrackedStream>,
    pub(super) events: Vec<Arc<Envelope>>,
    /// For each event, the entry of the record at which it was raised.
    pub(super) event_entries: Vec<EntryId>,
    /// The messages that the last commit sent. They stay when the session is cleared.
    pub(super) sent: Vec<MessageId>,
    /// In a box, because few handlings send something, but every handling has a session.
    pending_sends: Option<Box<PendingSends>>,
}

/// Changes of the outbox.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingSends {
    /// The commands to send.
    pub(super) outgoing: Vec<Outgoing>,
    /// The earlier commands to cancel.
    pub(super) cancelled: Vec<MessageId>,
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&TrackedValue> {
        self.values
            .iter()
            .find(|value| value.table == table && *value.id == *id)
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&TrackedStream> {
        self.streams.iter().find(|stream| stream.name == *name)
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
        let value_idx = self
            .values
            .iter()
            .position(|value| value.table == table && value.id == *id)
            .unwrap_or_else(|| {
                self.values
                    .push(TrackedValue::unread(table, Arc::clone(id)));
                self.values.len() - 1
            });
        let value = &mut self.values[value_idx];

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
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.name == *name) {
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
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.name == *name) {
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

    /// Returns to the session `earlier`, but keeps what was read since.
    ///
    /// A later decision of the outer handler may depend on these reads.
    pub(super) fn roll_back_to(&mut self, earlier: Self) {
        let rolled_back = std::mem::replace(self, earlier);

        for value in rolled_back
            .values
            .into_iter()
            .filter(|value| value.was_read)
        {
            if self.value(value.table, &value.id).is_none() {
                let TrackedValue {
                    table,
                    id,
                    version,
                    before,
                    keys_before,
                    start_entry,
                    ..
                } = value;
                self.values.push(TrackedValue {
                    version,
                    before,
                    keys_before,
                    was_read: true,
                    start_entry,
                    ..TrackedValue::unread(table, id)
                });
            }
        }

        for stream in rolled_back
            .streams
            .into_iter()
            .filter(|stream| stream.was_read)
        {
            if self.stream(&stream.name).is_none() {
                self.streams.push(TrackedStream {
                    revision: 0,
                    new_snapshot: None,
                    ..stream
                });
            }
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

    /// Removes everything, and keeps the allocated memory for the next unit of work.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.streams.clear();
        self.events.clear();
        self.event_entries.clear();
        self.pending_sends = None;
    }

    /// Returns all changes for the store, made by the handler `by`. Moves the events out of the
    /// session.
    pub(super) fn take_changes(&mut self, by: &'static str) -> Changes {
        let mut changes = Changes::new(by);

        for stream in &self.streams {
            if self
                .events
                .iter()
                .any(|event| event.metadata.stream == stream.name)
            {
                changes.expected.push(ExpectedStream {
                    stream: stream.name.clone(),
                    version: ExpectedVersion::Exact(stream.version),
                });
                changes.writes.extend(stream.new_snapshot.clone());
            }
        }

        changes.events = std::mem::take(&mut self.events);
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

    /// Returns the effects since the session `earlier`, which a rollback discards.
    pub(super) fn discarded_since(
        &self,
        earlier: &Self,
        labels: &MessageLabels,
    ) -> Vec<DiscardedEffect> {
        let events =
            self.events[earlier.events.len()..]
                .iter()
                .map(|event| DiscardedEffect::Event {
                    name: labels.label_of_envelope(event),
                    stream: event.metadata.stream.clone(),
                });

        let values = self
            .values
            .iter()
            .filter(|value| {
                let change_before = earlier
                    .value(value.table, &value.id)
                    .map_or(&PendingChange::Unchanged, |before| &before.change);
                value.change != *change_before
            })
            .map(|value| DiscardedEffect::Value {
                table: value.table,
                id: Arc::clone(&value.id),
            });

        let n_earlier_commands = earlier
            .pending_sends
            .as_ref()
            .map_or(0, |sends| sends.outgoing.len());
        let commands = self
            .pending_sends
            .iter()
            .flat_map(|sends| &sends.outgoing)
            .skip(n_earlier_commands)
            .map(|outgoing| DiscardedEffect::Command(labels.label_of_envelope(&outgoing.envelope)));

        events.chain(values).chain(commands).collect()
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
