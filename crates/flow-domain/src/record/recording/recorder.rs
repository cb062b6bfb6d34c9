use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Timestamp,
    error::HandlerFailure,
    message::{MessageId, Processing},
    record::{Entry, EntryId, EntryKind, OpenCall, OverlayMap, Record},
};

/// Collects the entries of a run while it goes on. Without a recorder the app records nothing.
///
/// A recorder keeps its entries until [`drain_into`](Self::drain_into) takes them out. So it is
/// made for tests, not for production.
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
    /// The types that were compared by their JSON since the last `drain_into`.
    compared_by_json: BTreeSet<&'static str>,
    /// The failures of which nobody else learns, since they were taken last.
    failures: Vec<HandlerFailure>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, RecorderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, and returns its id.
    #[doc(hidden)]
    pub fn add(&self, cause: Option<EntryId>, time: Timestamp, kind: EntryKind) -> EntryId {
        let mut state = self.lock();
        if state.entries.capacity() == 0 {
            // An act with two events and their handlers makes about 16 entries.
            state.entries.reserve(16);
        }

        let id = EntryId::from_index(state.n_drained + state.entries.len());
        if let Some(message_id) = async_message_id(&kind) {
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

    /// Adds a type that was compared by its JSON, because it does not implement `PartialEq`.
    pub(crate) fn add_compared_by_json(&self, type_name: &'static str) {
        self.lock().compared_by_json.insert(type_name);
    }

    /// Adds a failure of which nobody else learns.
    pub(crate) fn add_failure(&self, failure: HandlerFailure) {
        self.lock().failures.push(failure);
    }

    /// Returns the failures of which nobody else learns, since the last call.
    pub fn take_failures(&self) -> Vec<HandlerFailure> {
        std::mem::take(&mut self.lock().failures)
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
                compared_by_json: state.compared_by_json.clone(),
                failures: Vec::new(),
            }),
        }
    }

    /// Returns the number of entries so far.
    pub fn n_entries(&self) -> usize {
        let state = self.lock();
        state.n_drained + state.entries.len()
    }

    /// Returns the last handler call that has not ended, if `drain_into` has not taken it out.
    ///
    /// After a failed call, this is the call of `handle_error`.
    pub fn open_call(&self) -> Option<OpenCall> {
        let state = self.lock();
        OpenCall::find(&state.entries)
    }

    /// Moves all entries since the last call to the end of `record`.
    ///
    /// Use one record for one recorder: the ids of the entries are their indices in it.
    pub fn drain_into(&self, record: &mut Record) {
        let mut state = self.lock();
        state.n_drained += state.entries.len();
        record.append(&mut state.entries);
        record.compared_by_json.append(&mut state.compared_by_json);
    }
}

/// Returns the id of the message that this entry creates, if an engine handles it.
fn async_message_id(kind: &EntryKind) -> Option<MessageId> {
    let metadata = match kind {
        EntryKind::Appended(event) => event.metadata(),
        EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => {
            &command.metadata
        }
        _ => return None,
    };
    (metadata.processing == Processing::Async).then_some(metadata.id)
}
