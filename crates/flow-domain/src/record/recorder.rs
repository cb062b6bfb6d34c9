use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    clock::Timestamp,
    message::MessageId,
    record::{Entry, EntryId, EntryKind, overlay_map::OverlayMap},
};

/// Collects what happens, while it happens.
#[derive(Debug, Default)]
pub struct Recorder {
    state: Mutex<RecorderState>,
}

#[derive(Debug, Default)]
struct RecorderState {
    /// How many entries were handed out before.
    n_drained: usize,
    entries: Vec<Entry>,
    /// Where messages came to be that are handled later.
    async_messages: OverlayMap<MessageId, EntryId>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, RecorderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, cause: Option<EntryId>, time: Timestamp, what: EntryKind) -> EntryId {
        let mut taken = self.lock();
        if taken.entries.capacity() == 0 {
            // An act with two events and their handlers makes about that many.
            taken.entries.reserve(16);
        }

        let id = EntryId::from_index(taken.n_drained + taken.entries.len());
        if let Some(message) = what.async_message_id() {
            taken.async_messages.insert(message, id);
        }

        taken.entries.push(Entry {
            id,
            cause,
            time,
            kind: what,
        });

        id
    }

    /// The entry at which a message came to be that is handled later.
    pub(crate) fn creation_entry(&self, message: MessageId) -> Option<EntryId> {
        self.lock().async_messages.get(&message).copied()
    }

    /// Returns a recorder that goes on from here on its own.
    pub(crate) fn fork(&self) -> Self {
        let mut taken = self.lock();
        Self {
            state: Mutex::new(RecorderState {
                n_drained: taken.n_drained,
                entries: taken.entries.clone(),
                async_messages: taken.async_messages.fork(),
            }),
        }
    }

    /// Moves to the end of `record` what happened since this was called last. One recorder is for one
    /// record.
    pub fn drain_into(&self, record: &mut Record) {
        let mut taken = self.lock();
        taken.n_drained += taken.entries.len();
        record.entries.append(&mut taken.entries);
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
