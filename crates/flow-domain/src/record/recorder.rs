use std::sync::{Mutex, PoisonError};

use crate::{
    clock::Timestamp,
    record::{Entry, EntryId, Happening},
};

/// Collects what happens, while it happens.
#[derive(Debug, Default)]
pub struct Recorder {
    entries: Mutex<Vec<Entry>>,
}

impl Recorder {
    pub(crate) fn add(&self, cause: Option<EntryId>, time: Timestamp, what: Happening) -> EntryId {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.capacity() == 0 {
            // A flow of one command and two events makes about twenty entries.
            entries.reserve(32);
        }
        let id = EntryId::from_index(entries.len());
        entries.push(Entry {
            id,
            cause,
            time,
            what,
        });
        id
    }

    /// Appends to `record` what happened since it was last brought up to date.
    pub fn update(&self, record: &mut Record) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        record
            .entries
            .extend_from_slice(&entries[record.entries.len()..]);
    }
}

/// Everything that happened in a run, in the order in which it happened.
///
/// Two records of the same sentence are equal, entry by entry; so is their text, byte for byte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub(super) entries: Vec<Entry>,
}

impl Record {
    /// All entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this id.
    ///
    /// # Panics
    ///
    /// Panics if the id is from another record that is longer.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.index()]
    }

    /// The entries that `id` directly caused, in order.
    pub fn effects(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        let after = self.entries.get(id.index() + 1..).unwrap_or_default();
        after.iter().filter(move |entry| entry.cause == Some(id))
    }

    /// The entries that caused `id`, nearest first.
    pub fn causes(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.entry(id).cause, |id| self.entry(*id).cause)
            .map(|id| self.entry(id))
    }
}
