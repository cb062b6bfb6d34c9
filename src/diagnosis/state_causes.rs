use flow_domain::message::Payload;

use crate::{
    diagnosis::{
        Cause,
        causal_index::{CausalIndex, IndexedCall},
        indexed_message::IndexedMessage,
        state_history::Fold,
        subscription_gaps::SubscriptionGaps,
    },
    expect::{Requirement, StateSubject},
};

/// Why a stored state is not as required.
impl<'r> CausalIndex<'r> {
    /// Returns the possible causes, the most probable first.
    pub(super) fn state_causes(&self, subject: &StateSubject, fold: Fold<'_>) -> Vec<Cause> {
        match &subject.requirement {
            Requirement::Present => self.absence_causes(subject),
            Requirement::Fields(_) | Requirement::Predicate if subject.id.is_some() => {
                self.state_difference_causes(subject, fold)
            }
            Requirement::Fields(_) | Requirement::Predicate => self.any_state_causes(subject),
            Requirement::RowPredicate(row) => {
                self.state_difference_causes(&self.subject_for_row(subject, row), fold)
            }
            Requirement::NoRow(row) => self
                .last_writer(&self.subject_for_row(subject, row))
                .into_iter()
                .collect(),
            Requirement::Impossible => Vec::new(),
            Requirement::Absent => self.last_writer(subject).into_iter().collect(),
            Requirement::Readable { error, type_name } => {
                self.unreadable_state(subject, error, type_name.as_deref())
            }
        }
    }

    /// Returns the possible causes for a step that names no id, the most probable first.
    fn any_state_causes(&self, subject: &StateSubject) -> Vec<Cause> {
        let (problems, scheduled) = self.writer_problems(subject);
        let SubscriptionGaps {
            no_subscriber,
            other_subscribers,
            ..
        } = self.subscription_gaps(subject, false);
        let (likely, guesses) = self.missing_triggers(subject);

        let mut causes = problems;
        causes.extend(scheduled);
        causes.extend(self.last_writer(subject));
        causes.extend(no_subscriber);
        causes.extend(other_subscribers);
        causes.extend(likely);
        causes.extend(guesses);

        causes
    }

    /// Returns the subject for one row of a projection.
    ///
    /// Its id is the one under which the row was last written.
    fn subject_for_row(&self, subject: &StateSubject, row: &Payload) -> StateSubject {
        let table = subject.table();
        let last_write = self
            .calls
            .iter()
            .flat_map(|call| call.writes.iter())
            .rfind(|change| change.table == table && change.after.as_ref() == Some(row));

        StateSubject {
            id: last_write.map(|change| change.id.to_string()),
            requirement: Requirement::Predicate,
            ..subject.clone()
        }
    }

    /// Returns who was the last to write a state that should not exist.
    fn last_writer(&self, subject: &StateSubject) -> Option<Cause> {
        let table = subject.table();
        let is_in_stream = |message: &IndexedMessage<'r>| {
            subject.stream_category == Some(message.category())
                && message.is_event()
                && subject.matches_id(message.stream_id())
        };
        let find_write = |call: &IndexedCall<'r>| {
            call.writes
                .iter()
                .copied()
                .rfind(|change| change.table == table && subject.matches_id(&change.id))
        };

        let writer = self.calls.iter().rev().find(|call| {
            find_write(call).is_some()
                || self
                    .messages_caused_by(call)
                    .any(|message| is_in_stream(message) && message.is_stored())
        });
        let Some(writer) = writer else {
            let event = self
                .messages
                .iter()
                .rev()
                .find(|message| is_in_stream(message))?;
            return Some(self.unexpected_message(event));
        };

        let action = match find_write(writer) {
            Some(change) => format!("wrote {} {:?}", subject.state_type.name, change.id),
            None => format!("raised events of {}", subject.description()),
        };

        Some(Cause::Unexpected {
            action,
            at: Some(self.handler_call(writer)),
        })
    }
}
