use std::sync::Arc;

use crate::{
    message::{Envelope, ExpectedVersion, Payload, Recorded, StreamName, Version},
    port::{Changes, ExpectedStream, Stored, Write},
    record::{EntryId, Table},
};

/// What a unit of work has seen and written so far.
///
/// A handling touches a handful of values, so plain vectors searched from the start beat any map.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub(super) values: Vec<Value>,
    pub(super) streams: Vec<Stream>,
    pub(super) events: Vec<RaisedEvent>,
}

/// A state or row that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) table: Table,
    pub(super) id: Arc<str>,
    /// What the store has; the version is `NONE` if it has nothing.
    pub(super) version: Version,
    pub(super) before: Option<Payload>,
    /// What is to be written: `None` for nothing, `Some(None)` to delete it.
    pub(super) after: Option<Option<Payload>>,
    /// The handling that wrote last.
    pub(super) entry: EntryId,
}

impl Value {
    /// What a read sees now.
    pub(super) fn now(&self) -> Option<&Payload> {
        match &self.after {
            Some(after) => after.as_ref(),
            None => self.before.as_ref(),
        }
    }
}

/// The stream of an event-sourced aggregate that was loaded or written.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) name: StreamName,
    /// The version that the store has.
    pub(super) version: Version,
    pub(super) history: Vec<Recorded>,
}

/// An event that is to be appended.
#[derive(Clone, Debug)]
pub(super) struct RaisedEvent {
    pub(super) envelope: Arc<Envelope>,
    /// The entry of the record at which it was raised.
    pub(super) entry: EntryId,
}

impl Session {
    pub(super) fn value(&self, table: Table, id: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|value| value.table == table && *value.id == *id)
    }

    pub(super) fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == *name)
    }

    pub(super) fn keep(&mut self, table: Table, id: &str, stored: Option<Stored>) {
        let (version, before) = match stored {
            Some(stored) => (stored.version, Some(stored.value)),
            None => (Version::NONE, None),
        };
        self.values.push(Value {
            table,
            id: id.into(),
            version,
            before,
            after: None,
            entry: EntryId::UNRECORDED,
        });
    }

    /// Sets what is to be written; what was never loaded must not exist in the store.
    pub(super) fn set(&mut self, table: Table, id: &str, after: Option<Payload>, entry: EntryId) {
        if self.value(table, id).is_none() {
            self.keep(table, id, None);
        }
        let found = self
            .values
            .iter_mut()
            .find(|value| value.table == table && *value.id == *id);
        if let Some(value) = found {
            // A value that ends as it began is not written at all.
            value.after = (after != value.before).then_some(after);
            value.entry = entry;
        }
    }

    pub(super) fn changes(&self, by: &'static str) -> Changes {
        let raised_in = |stream: &&Stream| {
            let mut events = self.events.iter();
            events.any(|event| event.envelope.metadata.stream == stream.name)
        };
        let mut changes = Changes::new(by);
        changes.expected = self
            .streams
            .iter()
            .filter(raised_in)
            .map(|stream| ExpectedStream {
                stream: stream.name.clone(),
                version: ExpectedVersion::Exact(stream.version),
            })
            .collect();
        changes.events = self
            .events
            .iter()
            .map(|event| Arc::clone(&event.envelope))
            .collect();
        changes.writes = self
            .values
            .iter()
            .filter_map(|value| {
                Some(Write {
                    table: value.table,
                    id: Arc::clone(&value.id),
                    expected: ExpectedVersion::Exact(value.version),
                    value: value.after.clone()?,
                })
            })
            .collect();
        changes
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(super) fn lost_since(&self, earlier: &Self) -> Vec<String> {
        let events = self.events[earlier.events.len()..].iter().map(|event| {
            let metadata = &event.envelope.metadata;
            format!("{} in {}", metadata.message_type.name(), metadata.stream)
        });
        let written = self.values.iter().filter(|value| {
            let was = earlier.value(value.table, &value.id);
            value.after.is_some() && was.and_then(|was| was.after.as_ref()) != value.after.as_ref()
        });
        let values = written.map(|value| format!("{} \"{}\"", value.table.name, value.id));
        events.chain(values).collect()
    }
}
