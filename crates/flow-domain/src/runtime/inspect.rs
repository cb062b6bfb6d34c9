use std::any::TypeId;

use crate::{
    error::Error,
    message::{Payload, Recorded},
    port::Query,
    record::{Table, TableKind},
    runtime::App,
};

/// A stored thing of the domain, by its Rust type: what a test or a tool looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateType {
    /// What kind of thing it is.
    pub kind: TableKind,
    /// Its Rust type.
    pub type_id: TypeId,
    /// The name of its Rust type.
    pub name: &'static str,
}

impl StateType {
    /// Names a stored thing by its Rust type.
    pub fn new<T: 'static>(kind: TableKind, name: &'static str) -> Self {
        Self {
            kind,
            type_id: TypeId::of::<T>(),
            name,
        }
    }
}

impl App {
    /// Returns an error, saying what to write, unless `kept` is registered.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if it is not.
    pub fn require_registered(&self, kept: StateType) -> Result<(), Error> {
        let StateType {
            kind,
            type_id,
            name,
        } = kept;
        self.ports.catalog.require_registered(kind, type_id, name)
    }

    /// Reads what is kept under `id`, as JSON; for those who build on the app.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not registered, the store fails, or the aggregate cannot be folded.
    pub async fn read_state(&self, kept: StateType, id: &str) -> Result<Option<Payload>, Error> {
        self.require_registered(kept)?;
        let table = Table::new(kept.kind, kept.name);
        let stored = match kept.kind {
            TableKind::Projection => self.ports.store.get(table, id).await?,
            TableKind::ProcessManager
            | TableKind::Inbox
            | TableKind::Checkpoint
            | TableKind::DeadLetter => self.ports.store.load(table, id).await?,
            TableKind::Aggregate => {
                let mut entries = self.ports.catalog.aggregates.iter();
                return match entries.find(|entry| entry.type_id == kept.type_id) {
                    Some(entry) => entry.load(&self.ports, id).await,
                    None => Ok(None),
                };
            }
        };

        Ok(stored.map(|stored| stored.value))
    }

    /// Folds events into the aggregate that they make, as JSON; for those who build on the app. `None` if
    /// there are no events, or it is kept as state.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the events cannot be read, or is none of the aggregate's.
    pub fn fold(&self, kept: StateType, events: &[Recorded]) -> Result<Option<Payload>, Error> {
        match self
            .ports
            .catalog
            .aggregates
            .iter()
            .find(|entry| entry.type_id == kept.type_id)
        {
            Some(entry) if entry.event_sourced => entry.fold(events),
            _ => Ok(None),
        }
    }

    /// Reads all rows of a projection by id, as JSON; for those who build on the app.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not registered or the store fails.
    pub async fn read_all_rows(&self, projection: StateType) -> Result<Vec<Payload>, Error> {
        self.require_registered(projection)?;
        let table = Table::new(TableKind::Projection, projection.name);
        let rows = self.ports.store.query(table, &Query::default()).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }
}
