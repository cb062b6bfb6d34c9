use flow_domain::{
    message::Payload,
    record::{Entry, EntryKind, Table},
    testing::StateType,
};

/// Which stored state to read: the state with one id, or all rows of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateQuery {
    pub(crate) state_type: StateType,
    /// `None` for all rows.
    pub(crate) id: Option<String>,
    /// The category of the streams, if the state is folded from events.
    pub(crate) stream_category: Option<&'static str>,
}

/// The states that a query found, or why they cannot be read.
pub(crate) type StoredStates = Result<Vec<Payload>, flow_domain::Error>;

impl StateQuery {
    pub(crate) fn describe(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id:?}", self.state_type.name),
            None => format!("rows of {}", self.state_type.name),
        }
    }

    pub(crate) fn is_stored_in(&self, table: Table) -> bool {
        table.kind == self.state_type.kind && table.name == self.state_type.name
    }

    /// Returns true if this entry of the record wrote a state that the query reads.
    pub(crate) fn is_written_by(&self, entry: &Entry) -> bool {
        let has_id = |id: &str| self.id.as_deref().is_none_or(|queried| queried == id);

        match (&entry.kind, self.stream_category) {
            (EntryKind::StateChanged(change), None) => {
                self.is_stored_in(change.table) && has_id(&change.id)
            }
            (EntryKind::Appended(event), Some(category)) => {
                event.stream().category() == category && has_id(event.stream().id())
            }
            _ => false,
        }
    }
}
