use flow_domain::record::{FailureKind, RolledBack};

use crate::{
    diagnosis::{
        Cause,
        causal_index::{CausalIndex, IndexedCall},
    },
    expect::StateSubject,
};

/// Who wrote a message or state that cannot be read.
impl<'r> CausalIndex<'r> {
    /// Returns the handler that raised or issued the message that `call` could not read.
    ///
    /// The message is to blame only if all its other handlers could not read it either. A handler
    /// that is the only one to fail reads the message wrongly.
    pub(super) fn unreadable_message(
        &self,
        call: &IndexedCall<'r>,
        type_name: &str,
        failure: &RolledBack,
    ) -> Option<Cause> {
        let message = self.message_of(call)?;
        let producer = self.producer_of(message)?;

        let others: Vec<_> = self
            .calls_of(message)
            .filter(|other| other.handler != call.handler)
            .collect();
        let could_not_read = |other: &&IndexedCall<'r>| {
            other.failure().is_some_and(
                |failure| matches!(&failure.kind, FailureKind::Codec(name) if name == type_name),
            )
        };
        // If the handler could not read a value of another type, the message is not to blame.
        let has_other_readers = message.short_name() == type_name && !others.is_empty();

        (has_other_readers && others.iter().all(could_not_read)).then(|| Cause::Unreadable {
            at: self.handler_call(producer),
            subject: message.name.clone(),
            error: failure.reason.clone(),
        })
    }

    /// Returns the last call that wrote a state of the type that `call` could not read.
    pub(super) fn unreadable_write(
        &self,
        call: &IndexedCall<'r>,
        type_name: &str,
        failure: &RolledBack,
    ) -> Option<Cause> {
        self.calls
            .iter()
            .rev()
            .filter(|writer| writer.started < call.started)
            .find_map(|writer| {
                let written = writer
                    .writes
                    .iter()
                    .find(|written| written.table.name == type_name)?;

                Some(Cause::Unreadable {
                    at: self.handler_call(writer),
                    subject: format!("{} {:?}", written.table.name, written.id),
                    error: failure.reason.clone(),
                })
            })
    }

    /// Returns the last handler that wrote the state that cannot be read.
    pub(super) fn unreadable_state(
        &self,
        subject: &StateSubject,
        error: &str,
        type_name: Option<&str>,
    ) -> Vec<Cause> {
        let table = subject.table();
        let mut writes = self.calls.iter().rev().flat_map(|writer| {
            let writes = writer.writes.iter().filter(|write| write.table == table);
            writes.map(move |write| (writer, &*write.id))
        });
        if let Some((writer, id)) = writes.find(|(_, id)| subject.matches_id(id)) {
            return vec![Cause::Unreadable {
                at: self.handler_call(writer),
                subject: format!("{} {id:?}", table.name),
                error: error.to_owned(),
            }];
        }

        // An event-sourced state is folded from events. The error may name one of them.
        let named_event = self.messages.iter().rev().find(|message| {
            message.is_event()
                && message.is_stored()
                && subject.stream_category == Some(message.category())
                && subject.matches_id(message.stream_id())
                && type_name == Some(message.short_name())
        });

        named_event
            .and_then(|event| {
                Some(Cause::Unreadable {
                    at: self.handler_call(self.producer_of(event)?),
                    subject: event.name.clone(),
                    error: error.to_owned(),
                })
            })
            .into_iter()
            .collect()
    }
}
