use std::borrow::Cow;

use flow_domain::{
    Aggregate, Id, ProcessManager, Projection,
    message::{Envelope, Payload, require_key},
    record::{EntryKind, StateChange, Table, TableKind},
};
use serde::de::DeserializeOwned;

use crate::outcome::Outcome;

impl Outcome {
    /// Returns the row of a projection with this id, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the key of the id is invalid, or the stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projection<P: Projection>(&self, id: impl Id) -> Option<P> {
        let id = valid_key(P::NAME, P::ID_FIELD, &id);
        self.read_stored(Table::new(TableKind::Projection, P::NAME), &id)
    }

    /// Returns all rows of a projection, ordered by id, as they were stored last.
    ///
    /// # Panics
    ///
    /// Panics if a stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projections<P: Projection>(&self) -> Vec<P> {
        let mut rows: Vec<(&str, &Payload)> = Vec::new();
        for change in self.changes_in(Table::new(TableKind::Projection, P::NAME)) {
            rows.retain(|(id, _)| *id != &*change.id);
            rows.extend(change.after.as_ref().map(|after| (&*change.id, after)));
        }

        rows.sort_by_key(|(id, _)| *id);
        rows.iter()
            .map(|(_, row)| decode_stored(row, P::NAME))
            .collect()
    }

    /// Returns the process manager with this correlation key, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the key is invalid, or the stored state cannot be read back as an `M`.
    #[track_caller]
    pub fn process_manager<M: ProcessManager>(&self, key: impl Id) -> Option<M> {
        let table = Table::new(TableKind::ProcessManager, M::name());
        self.read_stored(table, &valid_key(M::name(), M::KEY, &key))
    }

    /// Returns the aggregate with this id, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the key of the id is invalid, or the stored state or one of the events cannot be read
    /// back.
    #[track_caller]
    pub fn aggregate<A: Aggregate>(&self, id: impl Id) -> Option<A> {
        let id = valid_key(A::NAME, A::ID_FIELD, &id);
        if !A::EVENT_SOURCED {
            return self.read_stored(Table::new(TableKind::Aggregate, A::NAME), &id);
        }

        self.note_read_aggregate(A::CATEGORY, &id);
        let entries = self.record().entries().iter();
        let own_events = entries.filter_map(|entry| match &entry.kind {
            EntryKind::Appended(event)
                if event.stream().category() == A::CATEGORY
                    && event.stream().id() == id
                    && !self.system().is_retired(&event.metadata().message_type) =>
            {
                Some(event)
            }
            _ => None,
        });

        own_events.fold(None, |aggregate: Option<A>, event| {
            let mut aggregate = aggregate.or_else(A::initial)?;
            let Envelope { metadata, message } = &*event.envelope;
            if let Err(err) = aggregate.replay(&metadata.message_type, message) {
                panic!("{} `{id}` cannot be folded: {}", A::NAME, err.with_causes());
            }
            Some(aggregate)
        })
    }

    /// Reads the value that was stored last in this table under this id.
    #[track_caller]
    fn read_stored<T: DeserializeOwned + 'static>(&self, table: Table, id: &str) -> Option<T> {
        let mut newest_first = self.changes_in(table).rev();
        let last = newest_first.find(|change| *change.id == *id)?;

        last.after
            .as_ref()
            .map(|value| decode_stored(value, table.name))
    }

    /// Returns what was written to a table, oldest first.
    fn changes_in(&self, table: Table) -> impl DoubleEndedIterator<Item = &StateChange> {
        let entries = self.record().entries().iter();
        entries.filter_map(move |entry| match &entry.kind {
            EntryKind::StateChanged(change) if change.table == table => Some(&**change),
            _ => None,
        })
    }
}

/// Returns the key of an id.
///
/// # Panics
///
/// Panics if the key is invalid.
#[track_caller]
fn valid_key<'i>(name: &str, field: &str, id: &'i impl Id) -> Cow<'i, str> {
    let key = id.key();
    if let Err(err) = require_key(name, field, &key) {
        panic!("{err}");
    }
    key
}

/// Decodes a stored state or event.
///
/// # Panics
///
/// Panics if the payload cannot be read back as a `T`.
#[track_caller]
pub(super) fn decode_stored<T: DeserializeOwned + 'static>(
    payload: &Payload,
    name: &'static str,
) -> T {
    match payload.decode(name) {
        Ok(value) => value,
        Err(err) => panic!("{} (from {})", err.with_causes(), payload.as_json()),
    }
}
