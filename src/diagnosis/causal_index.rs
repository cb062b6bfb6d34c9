use std::collections::BTreeMap;

use flow_domain::{
    message::MessageId,
    record::{
        DiscardedEffect, Entry, EntryId, EntryKind, HandlerKind, HandlerOutcome, Record,
        RolledBack, StateChange, Table,
    },
    testing::Remaining,
    wiring::{AggregateWiring, Wiring},
};

use crate::{
    chain::rolled_back_by,
    diagnosis::{HandlerCall, indexed_message::IndexedMessage},
};

/// An index of the record of a run: the handler calls and the messages, and which caused which.
///
/// Calls and messages refer to each other by their indices in `calls` and `messages`.
pub(super) struct CausalIndex<'r> {
    pub(super) record: &'r Record,
    pub(super) wiring: &'r Wiring,
    /// The work that the engine has left at the end of the run.
    pub(super) remaining: &'r Remaining,
    /// Whether events are handled inline, without an engine.
    pub(super) is_inline: bool,
    /// The number of entries that were recorded before the first act.
    pub(super) n_given_entries: usize,
    /// The number of entries that were recorded before the last act.
    pub(super) n_before_last_act: usize,
    /// The handler calls, oldest first.
    pub(super) calls: Vec<IndexedCall<'r>>,
    /// The messages, oldest first.
    pub(super) messages: Vec<IndexedMessage<'r>>,
    /// The index of the call that an entry started. The key is the index of the entry.
    call_by_entry: BTreeMap<usize, usize>,
    /// The index of the message that an entry is about. The key is the index of the entry.
    message_by_entry: BTreeMap<usize, usize>,
    /// The indices of the calls whose message is not in the record, oldest first.
    calls_without_message: Vec<usize>,
    /// The changes of each state with the indices of their calls, in the order of the calls.
    writes: BTreeMap<Table, WritesById<'r>>,
    /// The index of each scheduled command.
    scheduled_by_id: BTreeMap<MessageId, usize>,
}

/// For each id in a table: the indices of the calls that wrote it, with the changes.
type WritesById<'r> = BTreeMap<&'r str, Vec<(usize, &'r StateChange)>>;

/// A call of a handler.
#[derive(Debug)]
pub(super) struct IndexedCall<'r> {
    /// The entry that started the call.
    pub(super) started: EntryId,
    pub(super) handler: &'static str,
    pub(super) kind: HandlerKind,
    pub(super) attempt: u32,
    /// The index of the message that the handler was called with.
    pub(super) message: Option<usize>,
    pub(super) outcome: Option<&'r HandlerOutcome>,
    /// The outer handler whose failure rolled this call back, although the call itself succeeded.
    pub(super) rolled_back_by: Option<&'static str>,
    pub(super) writes: Vec<&'r StateChange>,
    /// The states that the handler tried to read and did not find, each with its id.
    pub(super) not_found: Vec<(Table, &'r str)>,
    /// The indices of the messages that the handler raised or issued.
    pub(super) caused: Vec<usize>,
}

impl<'r> CausalIndex<'r> {
    /// Builds the index of a record.
    pub(super) fn build(
        record: &'r Record,
        wiring: &'r Wiring,
        remaining: &'r Remaining,
        is_inline: bool,
        (n_given_entries, n_before_last_act): (usize, usize),
    ) -> Self {
        let mut index = Self {
            record,
            wiring,
            remaining,
            is_inline,
            n_given_entries,
            n_before_last_act,
            calls: Vec::new(),
            messages: Vec::new(),
            call_by_entry: BTreeMap::new(),
            message_by_entry: BTreeMap::new(),
            calls_without_message: Vec::new(),
            writes: BTreeMap::new(),
            scheduled_by_id: BTreeMap::new(),
        };

        // A cause is recorded before its effects, so one pass finds all of them.
        for entry in record.entries() {
            index.add_entry(entry);
        }
        index.index_writes();

        index
    }

    fn index_writes(&mut self) {
        for (idx, call) in self.calls.iter().enumerate() {
            for change in &call.writes {
                let ids = self.writes.entry(change.table).or_default();
                ids.entry(&*change.id).or_default().push((idx, change));
            }
        }
    }

    fn add_entry(&mut self, entry: &'r Entry) {
        let labels = self.record.labels();
        let cause = entry.cause.map(EntryId::index);
        let call_idx = cause.and_then(|cause| self.call_by_entry.get(&cause).copied());
        let message_idx = cause.and_then(|cause| self.message_by_entry.get(&cause).copied());

        match &entry.kind {
            EntryKind::CommandReceived(envelope) => self.add_message(IndexedMessage {
                produced_by: call_idx,
                ..IndexedMessage::new(entry.id, envelope, labels)
            }),
            EntryKind::Scheduled { command, due } => self.add_message(IndexedMessage {
                produced_by: call_idx,
                due: Some(*due),
                ..IndexedMessage::new(entry.id, command, labels)
            }),
            EntryKind::Raised(envelope) => self.add_message(IndexedMessage {
                produced_by: call_idx,
                // A later `Appended` entry says where it was stored.
                stored_at: None,
                ..IndexedMessage::new(entry.id, envelope, labels)
            }),
            EntryKind::Appended(event) => match message_idx {
                Some(message_idx) => {
                    self.messages[message_idx].stored_at = Some(entry.id);
                    self.message_by_entry.insert(entry.id.index(), message_idx);
                }
                None => self.add_message(IndexedMessage::new(entry.id, &event.envelope, labels)),
            },
            EntryKind::HandlerStarted {
                handler,
                kind,
                attempt,
            } => self.add_call(IndexedCall {
                started: entry.id,
                handler,
                kind: *kind,
                attempt: *attempt,
                message: message_idx,
                outcome: None,
                rolled_back_by: None,
                writes: Vec::new(),
                not_found: Vec::new(),
                caused: Vec::new(),
            }),
            EntryKind::Cancelled(id) => self.mark_cancelled(*id),
            _ => {
                if let Some(call_idx) = call_idx {
                    self.add_to_call(call_idx, entry);
                }
                if let Some(message_idx) = message_idx {
                    self.add_to_message(message_idx, entry);
                }
            }
        }
    }

    fn add_call(&mut self, call: IndexedCall<'r>) {
        let idx = self.calls.len();
        self.call_by_entry.insert(call.started.index(), idx);
        match call.message {
            Some(message) => self.messages[message].calls.push(idx),
            None => self.calls_without_message.push(idx),
        }

        self.calls.push(call);
    }

    fn add_message(&mut self, message: IndexedMessage<'r>) {
        let idx = self.messages.len();
        self.message_by_entry.insert(message.entry.index(), idx);
        if let Some(producer) = message.produced_by {
            self.calls[producer].caused.push(idx);
        }
        if message.due.is_some() {
            let id = message.envelope.metadata.id;
            self.scheduled_by_id.entry(id).or_insert(idx);
        }

        self.messages.push(message);
    }

    fn mark_cancelled(&mut self, id: MessageId) {
        if let Some(idx) = self.scheduled_by_id.get(&id) {
            self.messages[*idx].is_cancelled = true;
        }
    }

    /// Adds an entry to the call that caused it: its outcome, a write, or a failed read.
    fn add_to_call(&mut self, call_idx: usize, entry: &'r Entry) {
        let call = &mut self.calls[call_idx];

        match &entry.kind {
            EntryKind::HandlerEnded(outcome) => {
                call.outcome = Some(outcome);
                if *outcome == HandlerOutcome::Handled {
                    call.rolled_back_by = rolled_back_by(entry, self.record);
                }
            }
            EntryKind::StateChanged(change) => call.writes.push(change),
            EntryKind::NotFound { table, id } => call.not_found.push((*table, id)),
            _ => {}
        }
    }

    /// Adds an entry to the message that caused it.
    fn add_to_message(&mut self, message_idx: usize, entry: &'r Entry) {
        let message = &mut self.messages[message_idx];

        match &entry.kind {
            EntryKind::NoSubscriber => message.has_no_subscriber = true,
            EntryKind::Expired => message.is_expired = true,
            EntryKind::RetriesExhausted {
                handler,
                is_dead_lettered: true,
                ..
            } => message.dead_letters.extend(handler),
            _ => {}
        }
    }

    /// Returns the calls since the first act, oldest first.
    pub(super) fn calls_in_acts(&self) -> impl DoubleEndedIterator<Item = &IndexedCall<'r>> {
        let n_given = self.n_given_entries;
        self.calls
            .iter()
            .filter(move |call| n_given <= call.started.index())
    }

    /// Returns the messages since the first act, oldest first.
    pub(super) fn messages_in_acts(&self) -> impl DoubleEndedIterator<Item = &IndexedMessage<'r>> {
        let n_given = self.n_given_entries;
        self.messages
            .iter()
            .filter(move |message| n_given <= message.entry.index())
    }

    /// Returns the calls in which handlers were called with a message, oldest first.
    pub(super) fn calls_of(
        &self,
        message: &IndexedMessage<'_>,
    ) -> impl Iterator<Item = &IndexedCall<'r>> {
        message.calls.iter().map(|idx| &self.calls[*idx])
    }

    /// Returns the calls of the same handler with the same message, oldest first.
    ///
    /// `call` itself is one of them.
    pub(super) fn attempts_of(
        &self,
        call: &IndexedCall<'_>,
    ) -> impl DoubleEndedIterator<Item = &IndexedCall<'r>> {
        let (handler, message) = (call.handler, call.message);
        let calls = message.map_or(&self.calls_without_message, |idx| &self.messages[idx].calls);

        calls
            .iter()
            .map(|idx| &self.calls[*idx])
            .filter(move |other| other.handler == handler)
    }

    /// Returns the call that this entry started.
    pub(super) fn call_at(&self, entry: EntryId) -> Option<&IndexedCall<'r>> {
        let idx = self.call_by_entry.get(&entry.index())?;
        Some(&self.calls[*idx])
    }

    /// Returns the message that a handler was called with.
    pub(super) fn message_of(&self, call: &IndexedCall<'_>) -> Option<&IndexedMessage<'r>> {
        call.message.map(|idx| &self.messages[idx])
    }

    /// Returns the call that raised or issued a message; `None` if the message came from outside.
    pub(super) fn producer_of(&self, message: &IndexedMessage<'_>) -> Option<&IndexedCall<'r>> {
        message.produced_by.map(|idx| &self.calls[idx])
    }

    /// Returns the messages that a call raised or issued, oldest first.
    pub(super) fn messages_caused_by(
        &self,
        call: &IndexedCall<'_>,
    ) -> impl DoubleEndedIterator<Item = &IndexedMessage<'r>> {
        call.caused.iter().map(|idx| &self.messages[*idx])
    }

    /// Returns the names of the messages that a call raised or issued and that were stored.
    pub(super) fn caused_names(&self, call: &IndexedCall<'_>) -> Vec<String> {
        self.messages_caused_by(call)
            .filter(|message| message.is_stored())
            .map(|message| message.name.clone())
            .collect()
    }

    /// Describes a call for a [`Cause`](crate::diagnosis::Cause).
    pub(super) fn handler_call(&self, call: &IndexedCall<'_>) -> HandlerCall {
        let message = self.message_of(call);
        HandlerCall {
            handler: call.handler,
            message: message.map_or_else(String::new, |message| message.name.clone()),
            entry: call.started,
        }
    }

    /// Returns the wiring of the aggregate with this name.
    pub(super) fn aggregate(&self, name: &str) -> Option<&'r AggregateWiring> {
        self.wiring
            .aggregates
            .iter()
            .find(|aggregate| aggregate.name == name)
    }

    /// Returns the changes of one state with their calls, oldest first.
    pub(super) fn writes_of<'a>(
        &'a self,
        table: Table,
        id: &'a str,
    ) -> impl DoubleEndedIterator<Item = (&'a IndexedCall<'r>, &'r StateChange)> + 'a {
        let writes = self.writes.get(&table).and_then(|ids| ids.get(id));

        writes
            .into_iter()
            .flatten()
            .map(|(call, change)| (&self.calls[*call], *change))
    }

    /// Returns the ids under which states of a table were written.
    pub(super) fn written_ids(&self, table: Table) -> impl Iterator<Item = &'r str> {
        let ids = self.writes.get(&table).into_iter().flatten();
        ids.filter(|(_, writes)| writes.iter().any(|(_, change)| change.after.is_some()))
            .map(|(id, _)| *id)
    }
}

impl<'r> IndexedCall<'r> {
    /// Returns true if the handler was called in the last act.
    pub(super) fn is_in_last_act(&self, index: &CausalIndex<'_>) -> bool {
        index.n_before_last_act <= self.started.index()
    }

    /// Returns the failure or rejection that the call ended with.
    pub(super) fn failure(&self) -> Option<&'r RolledBack> {
        match self.outcome {
            Some(HandlerOutcome::Failed(failure) | HandlerOutcome::Rejected(failure)) => {
                Some(failure)
            }
            _ => None,
        }
    }

    /// Returns true if the handler failed or rejected the message.
    pub(super) fn has_failed(&self) -> bool {
        self.failure().is_some()
    }

    /// Returns the effects that the failure of the call discarded.
    pub(super) fn discarded(&self) -> impl Iterator<Item = &'r DiscardedEffect> {
        self.failure()
            .into_iter()
            .flat_map(|failure| &failure.discarded)
    }

    /// Returns the writes that changed a value. Bookkeeping does not count: it only remembers which
    /// messages were handled.
    pub(super) fn changes(&self) -> impl Iterator<Item = &'r StateChange> {
        let writes = self.writes.iter().copied();
        writes.filter(|write| write.table.kind.has_user_data() && write.before != write.after)
    }

    /// Returns true if the handler succeeded and its work was not rolled back.
    pub(super) fn has_succeeded(&self) -> bool {
        self.outcome == Some(&HandlerOutcome::Handled) && self.rolled_back_by.is_none()
    }

    /// Returns true if the call succeeded, and changed a value or sent a message.
    pub(super) fn has_effect(&self) -> bool {
        self.has_succeeded() && (!self.caused.is_empty() || self.changes().next().is_some())
    }
}
