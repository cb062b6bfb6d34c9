use std::sync::Arc;

use crate::{
    error::Error,
    message::{Envelope, ExpectedVersion, MessageId, Payload, Recorded, StreamName, Version},
    model::LoadToken,
    port::{Changes, ExpectedStream, Outgoing, StoredState, Write},
    record::{DiscardedEffect, EntryId, Table, TableKind},
};

/// What a unit of work has seen and written so far.
///
/// A handling touches a handful of values, so plain vectors searched from the start beat any map.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(super) values: Vec<TrackedValue>,
    pub(super) streams: Vec<TrackedStream>,
    pub(super) events: Vec<Arc<Envelope>>,
    /// For each event, the entry of the record at which it was raised.
    pub(super) event_entries: Vec<EntryId>,
    /// Behind a pointer, for few send anything, and a session is a part of every handling.
    pending_sends: Option<Box<PendingSends>>,
}

/// What is to be sent later.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingSends {
    /// The commands that are to be sent.
    pub(super) outgoing: Vec<Outgoing>,
    /// Those that are not to be sent any more.
    pub(super) cancelled: Vec<MessageId>,
}

/// A state or row that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct TrackedValue {
    pub(super) table: Table,
    pub(super) id: Arc<str>,
    /// What the store has; the version is `NONE` if it has nothing.
    pub(super) version: Version,
    pub(super) before: Option<Payload>,
    pub(super) change: PendingChange,
    /// The entry of the record at which the handling started that wrote last, or else read it.
    pub(super) entry: EntryId,
    /// Whether the store was asked; what is added without that must not exist.
    is_read: bool,
    /// Whether it is written even if it ends as it began.
    always_write: bool,
    /// How often it was written here.
    revision: u32,
}

/// What is to be done to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PendingChange {
    Unchanged,
    Put(Payload),
    Delete,
}

/// The stream of an event-sourced aggregate that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct TrackedStream {
    pub(super) name: StreamName,
    /// The version that the store has.
    pub(super) version: Version,
    pub(super) history: Vec<Recorded>,
    is_read: bool,
    /// The entry of the record at which the handling started that read it.
    entry: EntryId,
    /// How often events were raised on it here.
    revision: u32,
}

impl TrackedValue {
    /// Returns true if it was looked for in vain, and nothing was written either.
    pub(super) fn is_not_found(&self) -> bool {
        let is_the_users = match self.table.kind {
            TableKind::Aggregate | TableKind::ProcessManager | TableKind::Projection => true,
            TableKind::Inbox | TableKind::Checkpoint | TableKind::DeadLetter => false,
        };

        is_the_users
            && self.is_read
            && self.before.is_none()
            && self.change == PendingChange::Unchanged
    }

    /// What a read sees now.
    pub(super) fn current(&self) -> Option<&Payload> {
        match &self.change {
            PendingChange::Unchanged => self.before.as_ref(),
            PendingChange::Put(value) => Some(value),
            PendingChange::Delete => None,
        }
    }

    /// Marks what is loaded now.
    pub(super) fn load_token(&self) -> LoadToken {
        LoadToken {
            id: Arc::clone(&self.id),
            revision: self.revision,
        }
    }
}

impl TrackedStream {
    /// The handling that looked for it in vain, and raised nothing on it either.
    pub(super) fn not_found_by(&self) -> Option<EntryId> {
        let is_missed = self.is_read && self.history.is_empty() && self.revision == 0;
        is_missed.then_some(self.entry)
    }

    /// Marks what is loaded now.
    pub(super) fn load_token(&self) -> LoadToken {
        LoadToken {
            id: Arc::clone(self.name.shared_id()),
            revision: self.revision,
        }
    }
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&TrackedValue> {
        self.values
            .iter()
            .find(|value| value.table == table && *value.id == *id)
    }

    /// What is to be written as a state or row, or is left as it is.
    pub(super) fn current_mut(&mut self, table: Table, id: &str) -> Option<&mut Payload> {
        let value = self
            .values
            .iter_mut()
            .find(|value| value.table == table && *value.id == *id)?;

        match &mut value.change {
            PendingChange::Unchanged => value.before.as_mut(),
            PendingChange::Put(value) => Some(value),
            PendingChange::Delete => None,
        }
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&TrackedStream> {
        self.streams.iter().find(|stream| stream.name == *name)
    }

    /// What is to be sent later.
    pub(super) fn pending_sends_mut(&mut self) -> &mut PendingSends {
        self.pending_sends.get_or_insert_default()
    }

    /// Remembers what the store has.
    pub(super) fn track_value(
        &mut self,
        (table, id): (Table, Arc<str>),
        stored: Option<StoredState>,
        entry: EntryId,
    ) {
        let (version, before) = match stored {
            Some(stored) => (stored.version, Some(stored.value)),
            None => (Version::NONE, None),
        };
        self.values.push(TrackedValue {
            version,
            before,
            is_read: true,
            entry,
            ..TrackedValue::unread(table, id)
        });
    }

    /// Remembers what a stream has.
    pub(super) fn track_stream(
        &mut self,
        name: StreamName,
        history: Vec<Recorded>,
        entry: EntryId,
    ) {
        self.streams.push(TrackedStream {
            version: history.last().map_or(Version::NONE, |last| last.version),
            name,
            history,
            is_read: true,
            entry,
            revision: 0,
        });
    }

    /// Sets what is to be done to a value; one that was never loaded must not exist in the store.
    pub(super) fn set_change(
        &mut self,
        (table, id): (Table, &Arc<str>),
        change: PendingChange,
        is_decided_on: bool,
        entry: EntryId,
    ) {
        let place = self
            .values
            .iter()
            .position(|value| value.table == table && value.id == *id);
        let place = place.unwrap_or_else(|| {
            self.values
                .push(TrackedValue::unread(table, Arc::clone(id)));
            self.values.len() - 1
        });
        let value = &mut self.values[place];

        value.always_write |= is_decided_on;
        let ends_as_it_began = match &change {
            PendingChange::Put(after) => value.before.as_ref() == Some(after),
            PendingChange::Delete => value.before.is_none(),
            PendingChange::Unchanged => true,
        };

        value.change = if ends_as_it_began && !value.always_write {
            PendingChange::Unchanged
        } else {
            change
        };

        value.entry = entry;
        value.revision += 1;
    }

    /// Refuses to write a copy of an aggregate over a newer one.
    pub(super) fn require_newest(
        &self,
        (table, id): (Table, &Arc<str>),
        copy: Option<&LoadToken>,
        who: &str,
    ) -> Result<(), Error> {
        let value = self.value(table, id);
        let newest = value.map(|value| (value.revision, value.current().is_some()));
        require_newest_revision(newest, copy, || (who, format!("{table} `{id}`")))
    }

    /// Refuses to raise the events of a copy of an event-sourced aggregate if there is a newer one.
    pub(super) fn require_newest_stream(
        &self,
        name: &StreamName,
        copy: Option<&LoadToken>,
        who: &str,
    ) -> Result<(), Error> {
        let stream = self.stream(name);
        let newest = stream.map(|stream| {
            let exists = !stream.history.is_empty() || 0 < stream.revision;
            (stream.revision, exists)
        });
        require_newest_revision(newest, copy, || (who, format!("stream `{name}`")))
    }

    /// Tells that events are raised on a stream; one that was never loaded must have none.
    pub(super) fn mark_raised(&mut self, name: &StreamName) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.name == *name) {
            stream.revision += 1;
            return;
        }

        self.streams.push(TrackedStream {
            name: name.clone(),
            version: Version::NONE,
            history: Vec::new(),
            is_read: false,
            entry: EntryId::UNRECORDED,
            revision: 1,
        });
    }

    /// Tells that an event is raised on a stream without an aggregate at hand.
    pub(super) fn mark_raised_if_tracked(&mut self, name: &StreamName) {
        if self.stream(name).is_some() {
            self.mark_raised(name);
        }
    }

    /// Goes back to `earlier`, but still knows what was read since: a decision may rest on it.
    pub(super) fn roll_back_to(&mut self, earlier: Self) {
        let since = std::mem::replace(self, earlier);
        for value in since.values.into_iter().filter(|value| value.is_read) {
            if self.value(value.table, &value.id).is_none() {
                let TrackedValue {
                    table,
                    id,
                    version,
                    before,
                    entry,
                    ..
                } = value;

                self.values.push(TrackedValue {
                    version,
                    before,
                    is_read: true,
                    entry,
                    ..TrackedValue::unread(table, id)
                });
            }
        }

        for stream in since.streams.into_iter().filter(|stream| stream.is_read) {
            if self.stream(&stream.name).is_none() {
                self.streams.push(TrackedStream {
                    revision: 0,
                    ..stream
                });
            }
        }
    }

    /// Returns true if anything is to be written.
    pub(super) fn has_changes(&self) -> bool {
        let mut values = self.values.iter();
        !self.events.is_empty()
            || self.pending_sends.is_some()
            || values.any(|value| value.change != PendingChange::Unchanged)
    }

    /// Forgets everything and keeps the room for the next unit of work.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.streams.clear();
        self.events.clear();
        self.event_entries.clear();
        self.pending_sends = None;
    }

    /// What is to be written. The events are moved into it.
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
            }
        }

        changes.events = std::mem::take(&mut self.events);
        if let Some(sends) = self.pending_sends.take() {
            changes.outgoing = sends.outgoing;
            changes.cancelled = sends.cancelled;
        }

        let is_changed = |value: &&TrackedValue| value.change != PendingChange::Unchanged;
        let n_writes = self.values.iter().filter(is_changed).count();

        changes.writes.reserve_exact(n_writes);
        let changed = self.values.iter().filter(is_changed);
        changes.writes.extend(changed.map(|value| Write {
            table: value.table,
            id: Arc::clone(&value.id),
            expected: ExpectedVersion::Exact(value.version),
            value: value.current().cloned(),
        }));

        changes
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(super) fn discarded_since(&self, earlier: &Self) -> Vec<DiscardedEffect> {
        let events = self.events[earlier.events.len()..].iter().map(|event| {
            let metadata = &event.metadata;
            DiscardedEffect::Event {
                name: metadata.message_type.name().to_owned(),
                stream: metadata.stream.clone(),
            }
        });

        let written = self.values.iter().filter(|value| {
            let was = earlier.value(value.table, &value.id);
            value.change
                != was
                    .map_or(&PendingChange::Unchanged, |was| &was.change)
                    .clone()
        });

        let values = written.map(|value| DiscardedEffect::Value {
            table: value.table,
            id: Arc::clone(&value.id),
        });
        let n_earlier = earlier
            .pending_sends
            .as_ref()
            .map_or(0, |sends| sends.outgoing.len());
        let sent = self.pending_sends.iter().flat_map(|sends| &sends.outgoing);
        let sent = sent.skip(n_earlier);
        let name = |one: &Outgoing| one.envelope.metadata.message_type.name().to_owned();
        let sent = sent.map(|one| DiscardedEffect::Command(name(one)));

        events.chain(values).chain(sent).collect()
    }
}

impl TrackedValue {
    /// A value of which nothing is known but that it must not exist.
    fn unread(table: Table, id: Arc<str>) -> Self {
        Self {
            table,
            id,
            version: Version::NONE,
            before: None,
            change: PendingChange::Unchanged,
            entry: EntryId::UNRECORDED,
            is_read: false,
            always_write: false,
            revision: 0,
        }
    }
}

/// Compares a copy with the newest there is: how often that was added, and whether it exists.
fn require_newest_revision<'a>(
    newest: Option<(u32, bool)>,
    copy: Option<&LoadToken>,
    names: impl FnOnce() -> (&'a str, String),
) -> Result<(), Error> {
    let (expected, found) = match (newest, copy) {
        (None | Some((_, false)), None) => return Ok(()),
        (Some((n_adds, _)), Some(copy)) if copy.revision == n_adds => return Ok(()),
        (Some((_, true)), None) => (
            "nothing there",
            "one that was loaded or added before: change that one, or load it again",
        ),
        (Some(_), Some(_)) => (
            "the copy that was loaded last",
            "an older one: it was written since, by this handler or by a command that it processed; load it again",
        ),
        (None, Some(_)) => (
            "a copy that was loaded in this unit of work",
            "one from another: load it here",
        ),
    };
    let (who, what) = names();

    Err(Error::conflict(who, what, expected, found))
}
