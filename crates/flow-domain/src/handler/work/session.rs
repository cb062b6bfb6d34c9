use std::sync::Arc;

use crate::{
    error::Error,
    message::{Envelope, ExpectedVersion, Payload, Recorded, StreamName, Version},
    port::{Changes, ExpectedStream, Stored, Write},
    record::{EntryId, Table},
};

/// Names a handling within its unit of work: 0 is the outermost, each nested command has its own.
pub(super) type HandlingId = u32;

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
    /// The entry of the record at which the handling started that wrote last.
    pub(super) entry: EntryId,
    written_in: Option<HandlingId>,
    /// A nested command wrote it after it was loaded: what was loaded must not be written back.
    stale: bool,
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
    /// A nested command raised events on it after it was loaded.
    stale: bool,
}

impl Value {
    /// What a read sees now.
    pub(super) fn now(&self) -> Option<&Payload> {
        match &self.change {
            Change::Nothing => self.before.as_ref(),
            Change::Put(value) => Some(value),
            Change::Delete => None,
        }
    }
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&Value> {
        let mut values = self.values.iter();
        values.find(|value| value.table == table && *value.id == *id)
    }

    fn value_mut(&mut self, table: Table, id: &str) -> Option<&mut Value> {
        let mut values = self.values.iter_mut();
        values.find(|value| value.table == table && *value.id == *id)
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == *name)
    }

    /// Remembers what the store has.
    pub(super) fn keep(&mut self, table: Table, id: Arc<str>, stored: Option<Stored>) {
        let (version, before) = match stored {
            Some(stored) => (stored.version, Some(stored.value)),
            None => (Version::NONE, None),
        };
        self.values.push(Value {
            table,
            id,
            version,
            before,
            change: Change::Nothing,
            entry: EntryId::UNRECORDED,
            written_in: None,
            stale: false,
        });
    }

    /// Remembers what a stream has; none that was never loaded must have anything.
    pub(super) fn keep_stream(&mut self, name: StreamName, history: Vec<Recorded>) {
        self.streams.push(Stream {
            version: history.last().map_or(Version::NONE, |last| last.version),
            name,
            history,
            stale: false,
        });
    }

    /// Tells that a value is loaded (again), so that it may be written.
    pub(super) fn loaded(&mut self, table: Table, id: &str) -> Option<&Value> {
        let value = self.value_mut(table, id)?;
        value.stale = false;
        Some(value)
    }

    /// Tells that a stream is loaded (again), so that it may be written.
    pub(super) fn loaded_stream(&mut self, name: &StreamName) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.name == *name) {
            stream.stale = false;
        }
    }

    /// Sets what is to be done to a value; one that was never loaded must not exist in the store.
    ///
    /// A value that ends as it began is not written at all, unless `always`.
    pub(super) fn set(
        &mut self,
        write: (Table, &Arc<str>),
        change: Change,
        always: bool,
        by: (HandlingId, EntryId, &'static str),
    ) -> Result<(), Error> {
        let (table, id) = write;
        if self.value(table, id).is_none() {
            self.keep(table, Arc::clone(id), None);
        }
        let (handling, entry, who) = by;
        let Some(value) = self.value_mut(table, id) else {
            return Ok(());
        };
        if value.stale {
            return Err(stale(who, format!("{table} `{id}`")));
        }
        let ends_as_it_began = match &change {
            Change::Put(after) => value.before.as_ref() == Some(after),
            Change::Delete => value.before.is_none(),
            Change::Nothing => true,
        };
        value.change = if ends_as_it_began && !always {
            Change::Nothing
        } else {
            change
        };
        value.entry = entry;
        value.written_in = Some(handling);
        Ok(())
    }

    /// Refuses to raise events on a stream of which what was loaded is stale.
    pub(super) fn require_fresh(&self, name: &StreamName, who: &str) -> Result<(), Error> {
        match self.stream(name) {
            Some(stream) if stream.stale => Err(stale(who, format!("stream `{name}`"))),
            _ => Ok(()),
        }
    }

    /// Tells that the command `nested`, which began when there were `n_events`, is done, and that the
    /// handling `outer` goes on: what it loaded before and the command wrote is stale.
    pub(super) fn nested_is_done(
        &mut self,
        nested: HandlingId,
        outer: HandlingId,
        n_events: usize,
    ) {
        for value in &mut self.values {
            if value.written_in == Some(nested) {
                value.stale = true;
                value.written_in = Some(outer);
            }
        }
        for stream in &mut self.streams {
            let mut raised = self.events[n_events..].iter();
            if raised.any(|event| event.metadata.stream == stream.name) {
                stream.stale = true;
            }
        }
    }

    /// Goes back to `earlier`, but still knows what was read since: a decision may rest on it.
    pub(super) fn roll_back_to(&mut self, earlier: Self) {
        let since = std::mem::replace(self, earlier);
        for mut value in since.values {
            if self.value(value.table, &value.id).is_none() {
                value.change = Change::Nothing;
                self.values.push(value);
            }
        }
        for stream in since.streams {
            if self.stream(&stream.name).is_none() {
                self.streams.push(stream);
            }
        }
    }

    /// Forgets everything and keeps the room for the next unit of work.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.streams.clear();
        self.events.clear();
        self.raised_at.clear();
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
        for value in &self.values {
            changes.writes.push(Write {
                table: value.table,
                id: Arc::clone(&value.id),
                expected: ExpectedVersion::Exact(value.version),
                value: match &value.change {
                    Change::Nothing => continue,
                    Change::Put(value) => Some(value.clone()),
                    Change::Delete => None,
                },
            });
        }
        changes
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(super) fn lost_since(&self, earlier: &Self) -> Vec<String> {
        let events = self.events[earlier.events.len()..].iter().map(|event| {
            let metadata = &event.metadata;
            format!("{} in {}", metadata.message_type.name(), metadata.stream)
        });
        let written = self.values.iter().filter(|value| {
            let was = earlier.value(value.table, &value.id);
            value.change != was.map_or(&Change::Nothing, |was| &was.change).clone()
        });
        let values = written.map(|value| format!("{} \"{}\"", value.table.name, value.id));
        events.chain(values).collect()
    }
}

fn stale(who: &str, what: String) -> Error {
    Error::conflict(
        who,
        what,
        "what it had loaded",
        "a change by a command that it processed since: load it again after the command",
    )
}
