use flow_domain::record::{HandlerOutcome, TableKind};

use crate::{
    diagnosis::{
        Cause, Similarity,
        candidates::MAX_SIMILAR_CAUSES,
        causal_index::{CausalIndex, IndexedCall},
        proof::discards_state,
        subscription_gaps::SubscriptionGaps,
    },
    expect::StateSubject,
};

/// Why a state does not exist.
impl CausalIndex<'_> {
    /// Returns the possible causes, the most probable first.
    pub(super) fn absence_causes(&self, subject: &StateSubject) -> Vec<Cause> {
        let (problems, scheduled) = self.writer_problems(subject);
        let (similar, unrelated): (Vec<_>, Vec<_>) = self
            .writes_under_other_ids(subject, self.n_given_entries)
            .into_iter()
            .partition(is_similar_write);
        let has_similar = !similar.is_empty();
        let gaps = self.subscription_gaps(subject, true);
        let SubscriptionGaps {
            no_subscriber,
            other_subscribers,
            omitted,
            ..
        } = gaps;

        // The order of the causes is their ranking: first what certainly went wrong, then near
        // misses, then omissions.
        let mut causes = Vec::new();
        causes.extend(self.no_projector(subject));
        causes.extend(self.deleted_state(subject));
        causes.extend(self.rolled_back_state(subject));
        causes.extend(problems);
        causes.extend(similar);
        causes.extend(scheduled);
        causes.extend(self.calls_without_writes(subject));
        causes.extend(no_subscriber);
        causes.extend(other_subscribers);
        causes.extend(omitted);
        causes.extend(unrelated);

        // A write under a similar id explains enough: the writers did run.
        if !has_similar {
            let (likely, guesses) = self.missing_triggers(subject);
            causes.extend(likely);
            causes.extend(guesses);
        }

        // If the acts show nothing, the `given` steps may have written the state under another
        // id.
        if causes.is_empty() {
            causes.extend(self.writes_under_other_ids(subject, 0));
        }

        causes
    }

    /// Returns the cause that no projector writes the projection.
    fn no_projector(&self, subject: &StateSubject) -> Option<Cause> {
        let is_projection = subject.state_type.kind == TableKind::Projection;
        if !is_projection || !self.writers_of(subject).is_empty() {
            return None;
        }

        let event = self
            .messages_in_acts()
            .find(|message| message.is_event() && message.is_about_subject(subject));

        Some(Cause::NoProjector {
            projection: subject.state_type.name,
            event: event.map(|event| event.name.clone()),
        })
    }

    /// Returns the cause that the last write deleted the state.
    fn deleted_state(&self, subject: &StateSubject) -> Option<Cause> {
        let id = subject.id.as_ref()?;
        let mut writes = self.writes_of(subject.table(), id);

        let (last, change) = writes.next_back()?;
        if change.after.is_some() {
            return None;
        }

        let earlier = writes.next_back();
        Some(Cause::Overwritten {
            at: self.handler_call(last),
            subject: subject.description(),
            is_deleted: true,
            earlier: earlier.map(|(earlier, _)| self.handler_call(earlier)),
        })
    }

    /// Returns the cause that the state was written and rolled back.
    fn rolled_back_state(&self, subject: &StateSubject) -> Option<Cause> {
        subject.id.as_ref()?;
        let outer = self
            .calls_in_acts()
            .rev()
            .find(|call| discards_state(call, subject))?;
        let was_written_by_inner_call = self
            .messages_caused_by(outer)
            .flat_map(|message| self.calls_of(message))
            .any(|inner| {
                inner.outcome == Some(&HandlerOutcome::Handled) && self.is_writer(inner, subject)
            });

        // If the failed call wrote the state itself, its own problem says more.
        if !was_written_by_inner_call {
            return self.problem_of_call(outer);
        }

        Some(Cause::RolledBack {
            what: subject.description(),
            at: self.handler_call(outer),
            reason: outer.failure()?.reason.clone(),
        })
    }

    /// Returns the successful calls of the writers that wrote no state of this type.
    ///
    /// The calls with a message about the wanted id come first.
    pub(super) fn calls_without_writes(&self, subject: &StateSubject) -> Vec<Cause> {
        let table = subject.table();
        let (about, others): (Vec<_>, Vec<_>) = self
            .calls_in_acts()
            .rev()
            .filter(|call| {
                call.has_succeeded()
                    && call.writes.iter().all(|change| change.table != table)
                    && self.caused_names(call).is_empty()
                    && self.is_writer(call, subject)
            })
            .partition(|call| self.is_call_about(call, subject));

        about
            .into_iter()
            .chain(others)
            .take(MAX_SIMILAR_CAUSES)
            .map(|call| {
                self.wrong_key(call).unwrap_or_else(|| Cause::WroteNothing {
                    at: self.handler_call(call),
                    wanted: subject.description(),
                    table: table.kind,
                    not_found: first_not_found(call),
                })
            })
            .collect()
    }
}

/// Returns true for a write under a wrong key or under a similar id.
fn is_similar_write(cause: &Cause) -> bool {
    match cause {
        Cause::WrongKey { .. } => true,
        Cause::WroteOther { similarity, .. } => *similarity != Similarity::Unrelated,
        _ => false,
    }
}

/// Returns the first state that a call did not find: `Order "ord-1"`.
fn first_not_found(call: &IndexedCall<'_>) -> Option<String> {
    let (table, id) = call.not_found.first()?;
    Some(format!("{} {id:?}", table.name))
}
