use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    clock::Timestamp,
    message::MessageId,
    record::{Entry, EntryId, EntryKind, overlay_map::OverlayMap},
};

/// Collects the entries of a run while it goes on.
#[derive(Debug, Default)]
pub struct Recorder {
    state: Mutex<RecorderState>,
}

#[derive(Debug, Default)]
struct RecorderState {
    /// The number of entries that `drain_into` has taken out.
    n_drained: usize,
    entries: Vec<Entry>,
    /// For each message that an engine handles: the entry that created it.
    async_messages: OverlayMap<MessageId, EntryId>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, RecorderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, cause: Option<EntryId>, time: Timestamp, kind: EntryKind) -> EntryId {
        let mut state = self.lock();
        if state.entries.capacity() == 0 {
            // An act with two events and their handlers makes about 16 entries.
            state.entries.reserve(16);
        }

        let id = EntryId::from_index(state.n_drained + state.entries.len());
        if let Some(message_id) = kind.async_message_id() {
            state.async_messages.insert(message_id, id);
        }
        state.entries.push(Entry {
            id,
            cause,
            time,
            kind,
        });

        id
    }

    /// Returns the entry that created this message, if an engine handles it.
    pub(crate) fn creation_entry(&self, message_id: MessageId) -> Option<EntryId> {
        self.lock().async_messages.get(&message_id).copied()
    }

    /// Returns a copy that continues from here independently.
    pub(crate) fn fork(&self) -> Self {
        let mut state = self.lock();

        Self {
            state: Mutex::new(RecorderState {
                n_drained: state.n_drained,
                entries: state.entries.clone(),
                async_messages: state.async_messages.fork(),
            }),
        }
    }

    /// Moves all entries since the last call to the end of `record`.
    ///
    /// Use one record for one recorder: the ids of the entries are their indices in it.
    pub fn drain_into(&self, record: &mut Record) {
        let mut state = self.lock();
        state.n_drained += state.entries.len();
        record.entries.append(&mut state.entries);
    }
}

/// Everything that happened in a run, in the order in which it happened.
///
/// Two records of the same test flow are equal, entry by entry. Their texts are equal, too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub(super) entries: Vec<Entry>,
}

impl Record {
    /// Returns all entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the entry with this id.
    ///
    /// # Panics
    ///
    /// Panics if the id is from another, longer record.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.index()]
    }

    /// Returns the entries that `id` directly caused, in order.
    pub fn effects(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        // An effect always stands after its cause.
        self.entries
            .get(id.index() + 1..)
            .unwrap_or_default()
            .iter()
            .filter(move |entry| entry.cause == Some(id))
    }

    /// Returns the entries that caused `id`, nearest first.
    pub fn causes(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.entry(id).cause, |id| self.entry(*id).cause)
            .map(|id| self.entry(id))
    }
}
