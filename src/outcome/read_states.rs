use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    pin::pin,
    sync::{Arc, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::outcome::{Outcome, StateQuery, state_query::StoredStates};

/// The stored states that the present `then` step has read.
#[derive(Debug, Default)]
pub(super) struct StateReads {
    /// The states, by the id in the query.
    known: BTreeMap<Option<String>, Vec<(StateQuery, Arc<StoredStates>)>>,
    /// The queries that must wait for the store.
    waiting: Vec<StateQuery>,
    /// How many states may be read; 0 outside of `then` steps.
    max_reads: usize,
    n_reads: usize,
    /// How often an expectation asked for more states than it may read.
    n_refused: usize,
}

impl StateReads {
    fn find(&self, query: &StateQuery) -> Option<Arc<StoredStates>> {
        let with_id = self.known.get(&query.id)?;
        let (_, states) = with_id.iter().find(|(known, _)| known == query)?;
        Some(Arc::clone(states))
    }

    fn add(&mut self, query: StateQuery, states: StoredStates) -> Arc<StoredStates> {
        let states = Arc::new(states);
        let with_id = self.known.entry(query.id.clone()).or_default();
        with_id.push((query, Arc::clone(&states)));
        states
    }
}

/// The stored states that a `then` step reads.
impl Outcome {
    /// Returns the states that `query` finds, as they are stored now.
    ///
    /// Returns `None` if the store does not answer at once. The runner then waits for it, and checks the
    /// expectation again. Returns `None`, too, outside of `then` steps and after too many reads.
    pub(crate) fn states(&self, query: &StateQuery) -> Option<Arc<StoredStates>> {
        if let (Some(category), Some(id)) = (query.stream_category, &query.id) {
            self.note_read_aggregate(category, id);
        }

        let mut reads = self.lock_state_reads();
        if let Some(states) = reads.find(query) {
            return Some(states);
        }
        if reads.n_reads == reads.max_reads {
            reads.n_refused += 1;
            // An expectation that ignores the refusal may ask for ever. The panic ends it.
            assert!(
                reads.max_reads == 0 || reads.n_refused <= reads.max_reads,
                "the expectation reads states again and again"
            );
            return None;
        }
        reads.n_reads += 1;
        drop(reads);

        let mut cx = Context::from_waker(Waker::noop());
        let read = self
            .system()
            .read_states(query.state_type, query.id.as_deref());
        let polled = pin!(read).poll(&mut cx);

        let mut reads = self.lock_state_reads();
        match polled {
            Poll::Ready(states) => Some(reads.add(query.clone(), states)),
            Poll::Pending => {
                reads.waiting.push(query.clone());
                None
            }
        }
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

    fn lock_state_reads(&self) -> MutexGuard<'_, StateReads> {
        self.state_reads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an expectation read this number of states.
    pub(crate) fn begin_reads(&self, max_reads: usize) {
        *self.lock_state_reads() = StateReads {
            max_reads,
            ..StateReads::default()
        };
    }

    /// Reads the states that an expectation must wait for. Returns false if there are none.
    pub(crate) async fn read_waiting_states(&self) -> bool {
        let waiting = mem::take(&mut self.lock_state_reads().waiting);
        let has_waited = !waiting.is_empty();

        for query in waiting {
            let read = self
                .system()
                .read_states(query.state_type, query.id.as_deref());
            let states = read.await;
            self.lock_state_reads().add(query, states);
        }

        has_waited
    }

    /// Forgets the states that were read, because the next step may change them.
    ///
    /// Returns true if the expectation has asked for more states than it may read.
    pub(crate) fn end_reads(&self) -> bool {
        0 < mem::take(&mut *self.lock_state_reads()).n_refused
    }
}
