use std::{
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
        // A check may read many states, and begins again after each.
        let with_id = self.states.get(&query.id);
        let read = with_id.and_then(|read| read.iter().find(|(known, _)| known == query));
        if read.is_none() {
            self.lock_wanted_states().push(query.clone());
        }

        read.map(|(_, states)| states)
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
