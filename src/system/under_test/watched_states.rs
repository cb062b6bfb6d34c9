use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use flow_domain::{Error, message::Payload, record::Table, testing::StateType};

use crate::system::under_test::{SystemUnderTest, call_guard::within};

/// A state or the rows that expectations of the flow read, as they were at the last look.
pub(super) struct WatchedStates {
    state_type: StateType,
    /// `None` for all rows.
    id: Option<String>,
    values: BTreeMap<String, Payload>,
}

/// A state or a row that has changed: its table, its id, and its value before and after.
pub(super) type Change = (Table, String, Option<Payload>, Option<Payload>);

impl WatchedStates {
    /// Returns what a flow watches. A row is not watched alone if all rows are.
    pub(super) fn of_queries(queries: Vec<(StateType, Option<String>)>) -> Vec<Self> {
        let is_list = |(state_type, id): &(StateType, Option<String>)| {
            id.is_none().then_some(state_type.type_id)
        };
        let lists: Vec<_> = queries.iter().filter_map(is_list).collect();

        queries
            .into_iter()
            .filter(|(state_type, id)| id.is_none() || !lists.contains(&state_type.type_id))
            .map(|(state_type, id)| Self {
                state_type,
                id,
                values: BTreeMap::new(),
            })
            .collect()
    }

    /// Reads the states again, and returns those that have changed.
    ///
    /// There are none if they cannot be read: the expectation that reads them reports the error.
    pub(super) async fn update<S: Send + Sync + 'static>(
        &mut self,
        description: &SystemUnderTest<S>,
        state: &Arc<S>,
    ) -> Vec<Change> {
        let query = (self.state_type, self.id.as_deref());
        let Ok(now) = read_states(description, state, query).await else {
            return Vec::new();
        };

        let before = mem::replace(&mut self.values, now.into_iter().collect());
        let ids: BTreeSet<&String> = before.keys().chain(self.values.keys()).collect();
        let table = Table::new(self.state_type.kind, self.state_type.name);
        ids.into_iter()
            .filter_map(|id| {
                let (before, now) = (before.get(id), self.values.get(id));
                let is_same = match (before, now) {
                    (Some(before), Some(now)) => before.has_same_json(now),
                    _ => false,
                };
                (!is_same).then(|| (table, id.clone(), before.cloned(), now.cloned()))
            })
            .collect()
    }
}

/// Reads the state with an id, or all rows, each with its id.
pub(super) async fn read_states<S: Send + Sync + 'static>(
    description: &SystemUnderTest<S>,
    state: &Arc<S>,
    (state_type, id): (StateType, Option<&str>),
) -> Result<Vec<(String, Payload)>, Error> {
    let (name, limit) = (state_type.name, description.time_limit);
    let Some(id) = id else {
        let mut lists = description.lists.iter();
        let list = lists.find(|list| list.state_type() == state_type);
        let list = list.ok_or_else(|| {
            Error::setup(format!(
                "the system lists no {name}: add `.view_list(..)` for it to the `SystemUnderTest`"
            ))
        })?;
        let mut rows = within(limit, list.read(Arc::clone(state))).await?;
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        return Ok(rows);
    };

    let mut views = description.views.iter();
    let view = views.find(|view| view.state_type() == state_type);
    let view = view.ok_or_else(|| {
        Error::setup(format!(
            "the system has no {name}: add `.view(..)` or `.aggregate(..)` for it to the `SystemUnderTest`"
        ))
    })?;
    let found = within(limit, view.read(Arc::clone(state), id.to_owned())).await?;
    Ok(found
        .map(|value| (id.to_owned(), value))
        .into_iter()
        .collect())
}
