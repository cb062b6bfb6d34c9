use flow_domain::record::{FailureKind, HandlerOutcome, RolledBack};

use crate::diagnosis::{
    Cause,
    causal_index::{CausalIndex, IndexedCall},
    subject::StateSubject,
};

/// Who wrote what cannot be read.
impl<'r> CausalIndex<'r> {
    /// Who raised or issued the message that a handling could not read, if nobody else could either. Who
    /// fails on it alone reads it wrongly.
    pub(super) fn unreadable_message(
        &self,
        handling: &IndexedCall<'r>,
        what: &str,
        undone: &RolledBack,
    ) -> Option<Cause> {
        let message = self.message_of(handling)?;
        let by = self.producer_of(message)?;
        let others: Vec<_> = self
            .calls_of(message)
            .filter(|other| other.handler != handling.handler)
            .collect();
        let is_unreadable = |one: &&IndexedCall<'r>| {
            let Some(HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone)) =
                one.outcome
            else {
                return false;
            };
            matches!(&undone.kind, FailureKind::Codec(name) if name == what)
        };
        let is_meant = message.name == *what && !others.is_empty();

        (is_meant && others.iter().all(is_unreadable)).then(|| Cause::Unreadable {
            at: self.handler_call(by),
            subject: message.name.clone(),
            error: undone.reason.clone(),
        })
    }

    /// Who wrote what a handling could not read.
    pub(super) fn unreadable_write(
        &self,
        handling: &IndexedCall<'r>,
        what: &str,
        undone: &RolledBack,
    ) -> Option<Cause> {
        self.calls
            .iter()
            .rev()
            .filter(|one| one.started < handling.started)
            .find_map(|one| {
                let written = one
                    .writes
                    .iter()
                    .find(|written| written.table.name == what)?;

                Some(Cause::Unreadable {
                    at: self.handler_call(one),
                    subject: format!("{} {:?}", written.table.name, written.id),
                    error: undone.reason.clone(),
                })
            })
    }

    /// Who wrote what cannot be read.
    pub(super) fn unreadable_state(&self, sought: &StateSubject, error: &str) -> Vec<Cause> {
        let table = Self::table_of(sought);
        let is_it = |id: &str| sought.id.as_ref().is_none_or(|wanted| wanted == id);
        let mut written = self.calls.iter().rev().flat_map(|one| {
            let written = one.writes.iter().filter(|one| one.table == table);
            written.map(move |written| (one, &*written.id))
        });

        if let Some((by, id)) = written.find(|(_, id)| is_it(id)) {
            return vec![Cause::Unreadable {
                at: self.handler_call(by),
                subject: format!("{} {id:?}", table.name),
                error: error.to_owned(),
            }];
        }

        // It is folded from events, of which one is named.
        let own = self.messages.iter().rev().filter(|one| {
            one.is_event()
                && one.stored_at.is_some()
                && sought.stream_category == Some(one.category())
                && is_it(one.envelope.metadata.stream.id())
        });
        let own: Vec<_> = own.collect();
        let named = own
            .iter()
            .find(|one| error.contains(&format!("`{}`", one.name)));
        let by = named.or(own.first()).and_then(|event| {
            let by = self.producer_of(event)?;
            Some(Cause::Unreadable {
                at: self.handler_call(by),
                subject: event.name.clone(),
                error: error.to_owned(),
            })
        });

        by.into_iter().collect()
    }
}
