use std::{
    collections::BTreeSet,
    mem,
    sync::{MutexGuard, PoisonError},
};

use crate::outcome::{Outcome, StateQuery, state_query::StoredStates};

/// The stored states that a `then` step reads.
impl Outcome {
    /// Returns the states that `query` finds, as they are stored now; `None` if they are not read yet.
    ///
    /// The runner then reads them, and checks the expectation again.
    pub(crate) fn states(&self, query: &StateQuery) -> Option<&StoredStates> {
        if let (Some(category), Some(id)) = (query.stream_category, &query.id) {
            self.note_read_aggregate(category, id);
        }

        // A check may read many states, and begins again after each.
        let with_id = self.states.get(&query.id);
        let read = with_id.and_then(|read| read.iter().find(|(known, _)| known == query));
        if read.is_none() {
            self.lock_wanted_states().push(query.clone());
        }

        read.map(|(_, states)| states)
    }

    /// Notes that a `then` step reads this aggregate.
    pub(super) fn note_read_aggregate(&self, category: &'static str, id: &str) {
        self.lock_read_aggregates()
            .insert((category, id.to_owned()));
    }

    /// Returns true if a `then` step since the last act reads this aggregate.
    pub(crate) fn has_read_aggregate(&self, category: &'static str, id: &str) -> bool {
        self.lock_read_aggregates()
            .contains(&(category, id.to_owned()))
    }

    pub(super) fn forget_read_aggregates(&self) {
        self.lock_read_aggregates().clear();
    }

    fn lock_read_aggregates(&self) -> MutexGuard<'_, BTreeSet<(&'static str, String)>> {
        self.read_aggregates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the states that an expectation asked for, and that are not read yet.
    pub(crate) fn take_wanted_states(&self) -> Vec<StateQuery> {
        mem::take(&mut *self.lock_wanted_states())
    }

    fn lock_wanted_states(&self) -> MutexGuard<'_, Vec<StateQuery>> {
        self.wanted_states
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_states(&mut self, query: StateQuery, states: StoredStates) {
        let with_id = self.states.entry(query.id.clone()).or_default();
        with_id.push((query, states));
    }

    /// Forgets the states that were read, because the next step may change them.
    pub(crate) fn forget_states(&mut self) {
        self.states.clear();
    }
}
