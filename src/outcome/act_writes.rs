use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, PoisonError},
};

use flow_domain::record::{Entry, EntryKind, Table};

use crate::outcome::{Outcome, StateQuery};

/// What the new acts have written, by id. So a flow of many rows and expectations has linear cost.
#[derive(Debug, Default)]
pub(super) struct ActWrites {
    /// The entries of the record that are indexed: those of the new acts up to here.
    indexed: Range<usize>,
    ids: BTreeMap<Table, BTreeSet<Arc<str>>>,
    stream_ids: BTreeMap<String, BTreeSet<Arc<str>>>,
}

impl ActWrites {
    /// Indexes the entries that are new.
    fn update(&mut self, entries: &[Entry], first_new: usize) {
        if self.indexed.start != first_new || entries.len() < self.indexed.end {
            *self = Self::default();
            self.indexed = first_new..first_new;
        }

        for entry in &entries[self.indexed.end..] {
            match &entry.kind {
                EntryKind::StateChanged(change) => {
                    let ids = self.ids.entry(change.table).or_default();
                    ids.insert(Arc::clone(&change.id));
                }
                EntryKind::Appended(event) => {
                    let stream = event.stream();
                    if !self.stream_ids.contains_key(stream.category()) {
                        let category = stream.category().to_owned();
                        self.stream_ids.insert(category, BTreeSet::new());
                    }
                    if let Some(ids) = self.stream_ids.get_mut(stream.category()) {
                        ids.insert(Arc::from(stream.id()));
                    }
                }
                _ => {}
            }
        }
        self.indexed.end = entries.len();
    }

    fn find(&self, query: &StateQuery) -> bool {
        let ids = if let Some(category) = query.stream_category {
            self.stream_ids.get(category)
        } else {
            let (kind, name) = (query.state_type.kind, query.state_type.name);
            self.ids.get(&Table::new(kind, name))
        };

        let id = query.id.as_deref();
        ids.is_some_and(|ids| id.is_none_or(|id| ids.contains(id)))
    }
}

impl Outcome {
    /// Returns true if an act since the last `then` step has written a state that `query` reads.
    pub(crate) fn has_new_act_written(&self, query: &StateQuery) -> bool {
        let mut writes = self
            .act_writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        writes.update(self.record().entries(), self.first_new_entry());
        writes.find(query)
    }
}
