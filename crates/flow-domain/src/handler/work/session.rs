use std::sync::Arc;

use crate::{
    error::Error,
    message::{Envelope, ExpectedVersion, MessageId, Payload, Recorded, StreamName, Version},
    model::LoadedCopy,
    port::{Changes, ExpectedStream, Outgoing, Stored, Write},
    record::{EntryId, Lost, Table, TableKind},
};

/// What a unit of work has seen and written so far.
///
/// A handling touches a handful of values, so plain vectors searched from the start beat any map.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(super) values: Vec<Value>,
    pub(super) streams: Vec<Stream>,
    pub(super) events: Vec<Arc<Envelope>>,
    /// For each event, the entry of the record at which it was raised.
    pub(super) raised_at: Vec<EntryId>,
    /// Behind a pointer, for few send anything, and a session is a part of every handling.
    sends: Option<Box<Sends>>,
}

/// What is to be sent later.
#[derive(Clone, Debug, Default)]
pub(super) struct Sends {
    /// The commands that are to be sent.
    pub(super) outgoing: Vec<Outgoing>,
    /// Those that are not to be sent any more.
    pub(super) cancelled: Vec<MessageId>,
}

/// A state or row that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) table: Table,
    pub(super) id: Arc<str>,
    /// What the store has; the version is `NONE` if it has nothing.
    pub(super) version: Version,
    pub(super) before: Option<Payload>,
    pub(super) change: Change,
    /// The entry of the record at which the handling started that wrote last, or else read it.
    pub(super) entry: EntryId,
    /// Whether the store was asked; what is added without that must not exist.
    is_read: bool,
    /// Whether it is written even if it ends as it began.
    is_decided_on: bool,
    /// How often it was written here.
    n_adds: u32,
}

/// What is to be done to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    Put(Payload),
    Delete,
}

/// The stream of an event-sourced aggregate that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) name: StreamName,
    /// The version that the store has.
    pub(super) version: Version,
    pub(super) history: Vec<Recorded>,
    is_read: bool,
    /// The entry of the record at which the handling started that read it.
    entry: EntryId,
    /// How often events were raised on it here.
    n_adds: u32,
}

impl Value {
    /// Returns true if it was looked for in vain, and nothing was written either.
    pub(super) fn is_missed(&self) -> bool {
        let is_the_users = match self.table.kind {
            TableKind::Aggregate | TableKind::ProcessManager | TableKind::Projection => true,
            TableKind::Inbox | TableKind::Checkpoint | TableKind::DeadLetter => false,
        };
        is_the_users && self.is_read && self.before.is_none() && self.change == Change::Nothing
    }

    /// What a read sees now.
    pub(super) fn now(&self) -> Option<&Payload> {
        match &self.change {
            Change::Nothing => self.before.as_ref(),
            Change::Put(value) => Some(value),
            Change::Delete => None,
        }
    }

    /// Marks what is loaded now.
    pub(super) fn copy(&self) -> LoadedCopy {
        LoadedCopy {
            id: Arc::clone(&self.id),
            n_adds: self.n_adds,
        }
    }
}

impl Stream {
    /// The handling that looked for it in vain, and raised nothing on it either.
    pub(super) fn missed_by(&self) -> Option<EntryId> {
        let is_missed = self.is_read && self.history.is_empty() && self.n_adds == 0;
        is_missed.then_some(self.entry)
    }

    /// Marks what is loaded now.
    pub(super) fn copy(&self) -> LoadedCopy {
        LoadedCopy {
            id: Arc::clone(self.name.shared_id()),
            n_adds: self.n_adds,
        }
    }
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&Value> {
        let mut values = self.values.iter();
        values.find(|value| value.table == table && *value.id == *id)
    }

    /// What is to be written as a state or row, or is left as it is.
    pub(super) fn written_mut(&mut self, table: Table, id: &str) -> Option<&mut Payload> {
        let mut values = self.values.iter_mut();
        let value = values.find(|value| value.table == table && *value.id == *id)?;
        match &mut value.change {
            Change::Nothing => value.before.as_mut(),
            Change::Put(value) => Some(value),
            Change::Delete => None,
        }
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == *name)
    }

    /// What is to be sent later.
    pub(super) fn sends(&mut self) -> &mut Sends {
        self.sends.get_or_insert_default()
    }

    /// Remembers what the store has.
    pub(super) fn keep(
        &mut self,
        (table, id): (Table, Arc<str>),
        stored: Option<Stored>,
        entry: EntryId,
    ) {
        let (version, before) = match stored {
            Some(stored) => (stored.version, Some(stored.value)),
            None => (Version::NONE, None),
        };
        self.values.push(Value {
            version,
            before,
            is_read: true,
            entry,
            ..Value::unread(table, id)
        });
    }

    /// Remembers what a stream has.
    pub(super) fn keep_stream(&mut self, name: StreamName, history: Vec<Recorded>, entry: EntryId) {
        self.streams.push(Stream {
            version: history.last().map_or(Version::NONE, |last| last.version),
            name,
            history,
            is_read: true,
            entry,
            n_adds: 0,
        });
    }

    /// Sets what is to be done to a value; one that was never loaded must not exist in the store.
    pub(super) fn set(
        &mut self,
        (table, id): (Table, &Arc<str>),
        change: Change,
        is_decided_on: bool,
        entry: EntryId,
    ) {
        let place = self
            .values
            .iter()
            .position(|value| value.table == table && value.id == *id);
        let place = place.unwrap_or_else(|| {
            self.values.push(Value::unread(table, Arc::clone(id)));
            self.values.len() - 1
        });
        let value = &mut self.values[place];
        value.is_decided_on |= is_decided_on;
        let ends_as_it_began = match &change {
            Change::Put(after) => value.before.as_ref() == Some(after),
            Change::Delete => value.before.is_none(),
            Change::Nothing => true,
        };
        value.change = if ends_as_it_began && !value.is_decided_on {
            Change::Nothing
        } else {
            change
        };
        value.entry = entry;
        value.n_adds += 1;
    }

    /// Refuses to write a copy of an aggregate over a newer one.
    pub(super) fn require_newest(
        &self,
        (table, id): (Table, &Arc<str>),
        copy: Option<&LoadedCopy>,
        who: &str,
    ) -> Result<(), Error> {
        let value = self.value(table, id);
        let newest = value.map(|value| (value.n_adds, value.now().is_some()));
        newest_only(newest, copy, || (who, format!("{table} `{id}`")))
    }

    /// Refuses to raise the events of a copy of an event-sourced aggregate if there is a newer one.
    pub(super) fn require_newest_stream(
        &self,
        name: &StreamName,
        copy: Option<&LoadedCopy>,
        who: &str,
    ) -> Result<(), Error> {
        let stream = self.stream(name);
        let newest = stream.map(|stream| {
            let exists = !stream.history.is_empty() || 0 < stream.n_adds;
            (stream.n_adds, exists)
        });
        newest_only(newest, copy, || (who, format!("stream `{name}`")))
    }

    /// Tells that events are raised on a stream; one that was never loaded must have none.
    pub(super) fn raise_on(&mut self, name: &StreamName) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.name == *name) {
            stream.n_adds += 1;
            return;
        }
        self.streams.push(Stream {
            name: name.clone(),
            version: Version::NONE,
            history: Vec::new(),
            is_read: false,
            entry: EntryId::UNRECORDED,
            n_adds: 1,
        });
    }

    /// Tells that an event is raised on a stream without an aggregate at hand.
    pub(super) fn raise_beside(&mut self, name: &StreamName) {
        if self.stream(name).is_some() {
            self.raise_on(name);
        }
    }

    /// Goes back to `earlier`, but still knows what was read since: a decision may rest on it.
    pub(super) fn roll_back_to(&mut self, earlier: Self) {
        let since = std::mem::replace(self, earlier);
        for value in since.values.into_iter().filter(|value| value.is_read) {
            if self.value(value.table, &value.id).is_none() {
                let Value {
                    table,
                    id,
                    version,
                    before,
                    entry,
                    ..
                } = value;
                self.values.push(Value {
                    version,
                    before,
                    is_read: true,
                    entry,
                    ..Value::unread(table, id)
                });
            }
        }
        for stream in since.streams.into_iter().filter(|stream| stream.is_read) {
            if self.stream(&stream.name).is_none() {
                self.streams.push(Stream {
                    n_adds: 0,
                    ..stream
                });
            }
        }
    }

    /// Returns true if anything is to be written.
    pub(super) fn has_changes(&self) -> bool {
        let mut values = self.values.iter();
        !self.events.is_empty()
            || self.sends.is_some()
            || values.any(|value| value.change != Change::Nothing)
    }

    /// Forgets everything and keeps the room for the next unit of work.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.streams.clear();
        self.events.clear();
        self.raised_at.clear();
        self.sends = None;
    }

    /// What is to be written. The events are moved into it.
    pub(super) fn take_changes(&mut self, by: &'static str) -> Changes {
        let mut changes = Changes::new(by);
        for stream in &self.streams {
            let mut events = self.events.iter();
            if events.any(|event| event.metadata.stream == stream.name) {
                changes.expected.push(ExpectedStream {
                    stream: stream.name.clone(),
                    version: ExpectedVersion::Exact(stream.version),
                });
            }
        }
        changes.events = std::mem::take(&mut self.events);
        if let Some(sends) = self.sends.take() {
            changes.outgoing = sends.outgoing;
            changes.cancelled = sends.cancelled;
        }
        let is_changed = |value: &&Value| value.change != Change::Nothing;
        let n_writes = self.values.iter().filter(is_changed).count();
        changes.writes.reserve_exact(n_writes);
        let changed = self.values.iter().filter(is_changed);
        changes.writes.extend(changed.map(|value| Write {
            table: value.table,
            id: Arc::clone(&value.id),
            expected: ExpectedVersion::Exact(value.version),
            value: value.now().cloned(),
        }));
        changes
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(super) fn lost_since(&self, earlier: &Self) -> Vec<Lost> {
        let events = self.events[earlier.events.len()..].iter().map(|event| {
            let metadata = &event.metadata;
            Lost::Event {
                name: metadata.message_type.name().to_owned(),
                stream: metadata.stream.clone(),
            }
        });
        let written = self.values.iter().filter(|value| {
            let was = earlier.value(value.table, &value.id);
            value.change != was.map_or(&Change::Nothing, |was| &was.change).clone()
        });
        let values = written.map(|value| Lost::Value {
            table: value.table,
            id: Arc::clone(&value.id),
        });
        let n_earlier = earlier
            .sends
            .as_ref()
            .map_or(0, |sends| sends.outgoing.len());
        let sent = self.sends.iter().flat_map(|sends| &sends.outgoing);
        let sent = sent.skip(n_earlier);
        let name = |one: &Outgoing| one.envelope.metadata.message_type.name().to_owned();
        let sent = sent.map(|one| Lost::Command(name(one)));
        events.chain(values).chain(sent).collect()
    }
}

impl Value {
    /// A value of which nothing is known but that it must not exist.
    fn unread(table: Table, id: Arc<str>) -> Self {
        Self {
            table,
            id,
            version: Version::NONE,
            before: None,
            change: Change::Nothing,
            entry: EntryId::UNRECORDED,
            is_read: false,
            is_decided_on: false,
            n_adds: 0,
        }
    }
}

/// Compares a copy with the newest there is: how often that was added, and whether it exists.
fn newest_only<'a>(
    newest: Option<(u32, bool)>,
    copy: Option<&LoadedCopy>,
    names: impl FnOnce() -> (&'a str, String),
) -> Result<(), Error> {
    let (expected, found) = match (newest, copy) {
        (None | Some((_, false)), None) => return Ok(()),
        (Some((n_adds, _)), Some(copy)) if copy.n_adds == n_adds => return Ok(()),
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
