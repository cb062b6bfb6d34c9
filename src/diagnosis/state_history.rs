use flow_domain::{
    json::Json,
    message::{Payload, Recorded},
    record::{EntryId, EntryKind},
    testing::StateType,
};

use crate::{
    diagnosis::{
        causal_index::{CausalIndex, IndexedCall},
        indexed_message::IndexedMessage,
    },
    expect::StateSubject,
    value::Difference,
};

/// Folds events into the states of an aggregate after each of them, as JSON.
pub(super) type Fold<'a> = &'a dyn Fn(StateType, &[Recorded]) -> Vec<Option<Payload>>;

/// The state at one time, and who wrote it.
pub(super) struct StateRevision<'f, 'r> {
    pub(super) value: Json,
    pub(super) written_by: Option<&'f IndexedCall<'r>>,
    /// The event that led to this revision, if the state is event-sourced.
    pub(super) event: Option<&'f IndexedMessage<'r>>,
}

/// How a state got its value.
impl<'r> CausalIndex<'r> {
    /// Returns the revisions of a state, oldest first.
    ///
    /// A revision that is not JSON has no fields to explain, so it is left out.
    pub(super) fn state_history<'f>(
        &'f self,
        subject: &'f StateSubject,
        fold: Fold<'_>,
    ) -> Vec<StateRevision<'f, 'r>> {
        let Some(id) = &subject.id else {
            return Vec::new();
        };

        match subject.stream_category {
            Some(category) => self.folded_history(subject.state_type, category, id, fold),
            None => self
                .writes_of(subject.table(), id)
                .filter_map(|(call, change)| {
                    Some(StateRevision {
                        value: change.after.as_ref()?.to_json().ok()?,
                        written_by: Some(call),
                        event: None,
                    })
                })
                .collect(),
        }
    }

    /// Returns the revisions of an event-sourced state: one after each event of its stream.
    fn folded_history<'f>(
        &'f self,
        state_type: StateType,
        category: &str,
        id: &str,
        fold: Fold<'_>,
    ) -> Vec<StateRevision<'f, 'r>> {
        let mut events: Vec<Recorded> = Vec::new();
        // Each message with the number of events up to it. A rolled back event is not among them.
        let mut messages: Vec<(&'f IndexedMessage<'r>, usize)> = Vec::new();
        for message in self.messages.iter().filter(|message| {
            message.is_event() && (message.category(), message.stream_id()) == (category, id)
        }) {
            let appended = message
                .stored_at
                .map(|entry| &self.record.entry(entry).kind);
            if let Some(EntryKind::Appended(event)) = appended {
                events.push(event.clone());
            }
            messages.push((message, events.len()));
        }

        let states = fold(state_type, &events);
        let revision = |(message, n_events): &(&'f IndexedMessage<'r>, usize)| {
            let state = states.get(n_events.checked_sub(1)?)?.as_ref()?;
            Some(StateRevision {
                value: state.to_json().ok()?,
                written_by: self.producer_of(message),
                event: Some(*message),
            })
        };
        messages.iter().filter_map(revision).collect()
    }

    /// Returns the entry that stored the message which led to a revision.
    pub(super) fn cause_entry(&self, revision: &StateRevision<'_, 'r>) -> Option<EntryId> {
        let message = match revision.event {
            Some(event) => event,
            None => self.message_of(revision.written_by?)?,
        };

        message.stored_at
    }
}

/// Returns for each field the revision that set it last.
pub(super) fn last_setters<'s, 'f, 'r>(
    fields: &[Difference],
    history: &'s [StateRevision<'f, 'r>],
) -> Vec<&'s StateRevision<'f, 'r>> {
    fields
        .iter()
        .filter_map(|field| last_setter(field, history))
        .collect()
}

/// Returns the revision in which a field got its last value.
pub(super) fn last_setter<'s, 'f, 'r>(
    field: &Difference,
    history: &'s [StateRevision<'f, 'r>],
) -> Option<&'s StateRevision<'f, 'r>> {
    let last = field.value_in(&history.last()?.value);

    history
        .iter()
        .rev()
        .take_while(|revision| field.value_in(&revision.value) == last)
        .last()
}

/// Returns true if no revision has the field. Its type may not have it, so nobody was the last to set it.
pub(super) fn is_never_set(field: &Difference, history: &[StateRevision<'_, '_>]) -> bool {
    let has_field = |revision: &StateRevision<'_, '_>| field.value_in(&revision.value).is_some();
    !history.is_empty() && !history.iter().any(has_field)
}

/// Returns true if a field had the expected value before it was set last.
pub(super) fn was_as_expected_before(
    field: &Difference,
    history: &[StateRevision<'_, '_>],
) -> bool {
    let Some(expected) = &field.expected else {
        return false;
    };

    let last = history.last().and_then(|last| field.value_in(&last.value));
    let before = history
        .iter()
        .rev()
        .find(|revision| field.value_in(&revision.value) != last);

    before.is_some_and(|before| field.value_in(&before.value) == Some(expected))
}
