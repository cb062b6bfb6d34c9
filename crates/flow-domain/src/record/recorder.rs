use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    clock::Timestamp,
    message::MessageId,
    record::{Entry, EntryId, Happening, fork_map::ForkMap},
};

/// Collects what happens, while it happens.
#[derive(Debug, Default)]
pub struct Recorder {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// How many entries were handed out before.
    n_before: usize,
    entries: Vec<Entry>,
    /// Where messages came to be that are handled later.
    messages: ForkMap<MessageId, EntryId>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, cause: Option<EntryId>, time: Timestamp, what: Happening) -> EntryId {
        let mut taken = self.lock();
        if taken.entries.capacity() == 0 {
            // An act with two events and their handlers makes about that many.
            taken.entries.reserve(16);
        }
        let id = EntryId::from_index(taken.n_before + taken.entries.len());
        if let Some(message) = what.handled_later() {
            taken.messages.insert(message, id);
        }
        taken.entries.push(Entry {
            id,
            cause,
            time,
            what,
        });
        id
    }

    /// The entry at which a message came to be that is handled later.
    pub(crate) fn entry_of(&self, message: MessageId) -> Option<EntryId> {
        self.lock().messages.get(&message).copied()
    }

    /// Returns a recorder that goes on from here on its own.
    pub(crate) fn fork(&self) -> Self {
        let mut taken = self.lock();
        Self {
            taken: Mutex::new(Taken {
                n_before: taken.n_before,
                entries: taken.entries.clone(),
                messages: taken.messages.fork(),
            }),
        }
    }

    /// Moves to the end of `record` what happened since this was called last. One recorder is for one
    /// record.
    pub fn update(&self, record: &mut Record) {
        let mut taken = self.lock();
        taken.n_before += taken.entries.len();
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
