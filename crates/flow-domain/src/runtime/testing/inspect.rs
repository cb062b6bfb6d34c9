use std::any::TypeId;

use crate::{
    error::Error,
    handler::AggregateEntry,
    message::{Payload, Recorded, StreamName, require_key},
    port::Query,
    record::{Table, TableKind},
    runtime::App,
};

/// A Rust type with values in the store: an aggregate, a projection or a process manager.
///
/// A test uses it to say what to inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateType {
    /// The kind of table that has its values.
    pub kind: TableKind,
    /// The Rust type.
    pub type_id: TypeId,
    /// The name of the Rust type.
    pub name: &'static str,
    /// The field with the id of a value.
    pub id_field: &'static str,
}

impl StateType {
    /// Returns the state type of `T`, whose values are found by `id_field`.
    pub fn new<T: 'static>(kind: TableKind, name: &'static str, id_field: &'static str) -> Self {
        Self {
            kind,
            type_id: TypeId::of::<T>(),
            name,
            id_field,
        }
    }
}

impl App {
    /// Returns an error that names the missing builder call, unless `state_type` is registered.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the type is not registered.
    pub fn require_registered(&self, state_type: StateType) -> Result<(), Error> {
        let StateType {
            kind,
            type_id,
            name,
            ..
        } = state_type;

        self.ports.catalog.require_registered(kind, type_id, name)
    }

    /// Reads the state with this id, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the type is not registered, the key is invalid, the store fails, or the
    /// aggregate cannot be folded.
    pub async fn read_state(
        &self,
        state_type: StateType,
        id: &str,
    ) -> Result<Option<Payload>, Error> {
        self.require_registered(state_type)?;
        require_key(state_type.name, state_type.id_field, id)?;

        let table = Table::new(state_type.kind, state_type.name);
        let stored = match state_type.kind {
            TableKind::Projection => self.ports.store.get(table, id).await?,
            TableKind::ProcessManager
            | TableKind::ProcessHistory
            | TableKind::Inbox
            | TableKind::DeadLetter
            | TableKind::Snapshot
            | TableKind::SubjectKey
            | TableKind::Rebuild
            | TableKind::RebuiltRow => self.ports.store.load(table, id).await?,
            TableKind::Aggregate => {
                let Some(entry) = self.aggregate_entry(state_type) else {
                    return Ok(None);
                };
                let stream = StreamName::new(entry.category, id)
                    .map_err(|err| Error::setup(err.to_string()))?;
                return entry.reader.load(&self.ports, stream).await;
            }
        };

        Ok(stored.map(|stored| stored.value))
    }

    /// Folds events into the state of an aggregate, as JSON.
    ///
    /// Returns `None` if there are no events, or the aggregate is not event-sourced.
    ///
    /// # Errors
    ///
    /// Returns an error if an event cannot be decoded, or is not an event of the aggregate.
    pub fn fold(
        &self,
        state_type: StateType,
        events: &[Recorded],
    ) -> Result<Option<Payload>, Error> {
        match self.aggregate_entry(state_type) {
            Some(entry) if entry.event_sourced => entry.reader.fold(&self.ports.catalog, events),
            _ => Ok(None),
        }
    }

    /// Folds an event-sourced aggregate, and returns its state after each of these events as JSON.
    ///
    /// The state is `None` if the events up to there cannot be folded, or are all retired. For any
    /// other aggregate the list is empty.
    pub fn fold_each(&self, state_type: StateType, events: &[Recorded]) -> Vec<Option<Payload>> {
        match self.aggregate_entry(state_type) {
            Some(entry) if entry.event_sourced => {
                entry.reader.fold_each(&self.ports.catalog, events)
            }
            _ => Vec::new(),
        }
    }

    fn aggregate_entry(&self, state_type: StateType) -> Option<&AggregateEntry> {
        self.ports
            .catalog
            .aggregates
            .iter()
            .find(|entry| entry.type_id == state_type.type_id)
    }

    /// Reads all rows of a projection, by id, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered or the store fails.
    pub async fn read_all_rows(&self, projection: StateType) -> Result<Vec<Payload>, Error> {
        self.require_registered(projection)?;

        let table = Table::new(TableKind::Projection, projection.name);
        let rows = self.ports.store.query(table, &Query::default()).await?;

        Ok(rows.into_iter().map(|row| row.value).collect())
    }
}
