use flow_domain::record::{DiscardedEffect, EntryId};

use crate::{
    diagnosis::{
        Cause, HandlerCall,
        causal_index::{CausalIndex, IndexedCall},
    },
    expect::{Requirement, StateSubject, Subject},
};

impl CausalIndex<'_> {
    /// Returns true if the record or the wiring proves that a cause explains the failed step.
    ///
    /// Three things are proof. The record shows the unexpected effect itself. Or a call failed in
    /// the last act, and the wiring or its discarded work leads to the expected effect. Or the
    /// wiring has no route on that way. No record shows what a handler should have done, so that is
    /// a guess.
    pub(super) fn is_proven(&self, cause: &Cause, subject: &Subject) -> bool {
        match cause {
            Cause::NoProjector { .. }
            | Cause::NotInMode { .. }
            | Cause::OrderDiffers { .. }
            | Cause::ExpectationTooEarly { .. }
            | Cause::InvariantViolated { .. }
            | Cause::NothingFailed { .. } => true,

            // If a state has to exist, a write is not the reason why it does not.
            Cause::Unexpected { .. } => match subject {
                Subject::State(state) => matches!(
                    state.requirement,
                    Requirement::Absent | Requirement::NoRow(_)
                ),
                _ => true,
            },
            Cause::Accepted { .. } => matches!(
                subject,
                Subject::CommandResult | Subject::HandlerFailure(_) | Subject::ScheduledCommand(_)
            ),
            Cause::Overwritten { is_deleted, .. } => *is_deleted,
            Cause::Unreadable { .. } => matches!(
                subject,
                Subject::State(state)
                    if state.id.is_some()
                        && matches!(state.requirement, Requirement::Readable { .. })
            ),

            Cause::NoSubscriber {
                event,
                handler: Some(handler),
                entry,
                ..
            } => self.is_route_missing(handler, event, *entry, subject),
            // No declaration shows what the missing handler would have done.
            Cause::NoHandler {
                command: message, ..
            }
            | Cause::Pending { message, .. } => self.is_awaited(message, subject),
            // The command may have another effect on a state than the expected one.
            Cause::Scheduled { command, .. }
            | Cause::Undelivered {
                message: command, ..
            } => !matches!(subject, Subject::State(_)) && self.is_awaited(command, subject),

            Cause::Rejected { at, .. }
            | Cause::HandlerFailed { at, .. }
            | Cause::RolledBack { at, .. }
            | Cause::Filtered { at, .. }
            | Cause::Deduplicated { at } => self.is_failure_proven(at, subject),

            Cause::NoSubscriber { handler: None, .. }
            | Cause::NotRaised { .. }
            | Cause::NeverSent { .. }
            | Cause::NoProducer { .. }
            | Cause::WroteNothing { .. }
            | Cause::WroteOther { .. }
            | Cause::WrongKey { .. }
            | Cause::FieldsDiffer { .. }
            | Cause::HandledRepeatedly { .. } => false,
        }
    }

    /// Returns true if a message that was not handled yet leads to the expected effect.
    fn is_awaited(&self, message: &str, subject: &Subject) -> bool {
        match subject {
            // The message is the act itself, or any message.
            Subject::CommandResult
            | Subject::Problem(_)
            | Subject::Given
            | Subject::ReadWhilePending => true,
            _ => {
                let wanted = self.wanted_messages(subject);
                wanted.iter().any(|name| name == message) || self.leads_to(None, message, &wanted)
            }
        }
    }

    /// Returns true if a missing route of `handler` for an event explains the failed step.
    fn is_route_missing(
        &self,
        handler: &str,
        event: &str,
        stored_at: EntryId,
        subject: &Subject,
    ) -> bool {
        let Subject::State(state) = subject else {
            // A handler that has a route for this name, but not for the category of the event.
            let wanted = self.wanted_messages(subject);
            return match subject {
                Subject::Handled(expected) | Subject::HandlerFailure(expected) => {
                    *expected == handler && wanted.iter().any(|name| name == event)
                }
                _ => self.leads_to(Some(handler), event, &wanted),
            };
        };

        let is_writer = self
            .writers_of(state)
            .iter()
            .any(|route| route.handler == handler);

        is_writer && self.is_only_message_for(handler, stored_at, state)
    }

    /// Returns true if the last act stored one event about the state, and called no writer of it.
    ///
    /// `handler` reads the category of the event.
    fn is_only_message_for(&self, handler: &str, event: EntryId, state: &StateSubject) -> bool {
        let was_writer_called = self.calls_in_acts().any(|call| {
            call.is_in_last_act(self)
                && self.is_writer(call, state)
                && self.is_call_about(call, state)
        });
        let unhandled: Vec<EntryId> = self
            .unhandled_events(state)
            .into_iter()
            .filter(|event| self.reads_category(handler, event.category()))
            .filter_map(|event| event.stored_at)
            .filter(|entry| self.n_before_last_act <= entry.index())
            .collect();

        state.id.is_some() && !was_writer_called && unhandled == [event]
    }

    /// Returns true if a failed call explains the failed step.
    ///
    /// A call also explains it if its failure made an outer call fail, and that call explains it.
    fn is_failure_proven(&self, at: &HandlerCall, subject: &Subject) -> bool {
        let call = self.call_at(at.entry);
        let mut calls = std::iter::successors(call, |call| {
            self.producer_of(self.message_of(call)?)
                .filter(|outer| outer.has_failed())
        });

        match subject {
            Subject::Given | Subject::Problem(_) => true,
            _ => calls.any(|call| self.explains(call, subject)),
        }
    }

    fn explains(&self, call: &IndexedCall<'_>, subject: &Subject) -> bool {
        let message = self.message_of(call);
        let leads_to_wanted = || self.call_leads_to(call, &self.wanted_messages(subject));

        match subject {
            Subject::CommandResult => self
                .last_act_messages()
                .any(|own| Some(own.entry) == message.map(|message| message.entry)),
            Subject::Handled(handler) | Subject::HandlerFailure(handler) => {
                call.handler == *handler || leads_to_wanted()
            }
            Subject::EngineFeature { event: None, .. } => self.is_dead_letter(call),
            // The flow went on after a failure in an earlier act. Something else may be wrong now.
            _ if !call.is_in_last_act(self) => false,
            Subject::State(state) => {
                let is_own = self.is_writer(call, state) && self.is_call_about(call, state);

                (is_own || discards_state(call, state) || leads_to_wanted())
                    && !self.was_written_after(call, state)
            }
            _ => leads_to_wanted(),
        }
    }

    /// Returns true if a call leads to one of these messages.
    ///
    /// It sent the message before it failed, or its route declares messages that lead to it.
    fn call_leads_to(&self, call: &IndexedCall<'_>, wanted: &[String]) -> bool {
        let has_sent = self
            .messages_caused_by(call)
            .any(|message| wanted.contains(&message.name));
        let is_declared = self
            .message_of(call)
            .is_some_and(|message| self.leads_to(Some(call.handler), &message.name, wanted));

        has_sent || discards_message(call, wanted) || is_declared
    }

    /// Returns true if a later call wrote the state. The failed call did not prevent that.
    fn was_written_after(&self, call: &IndexedCall<'_>, state: &StateSubject) -> bool {
        let later_calls = self
            .calls
            .iter()
            .filter(|other| call.started < other.started);

        later_calls
            .flat_map(|later| self.ids_written_by(later, state))
            .any(|id| state.matches_id(&id))
    }

    /// Returns the names of the messages that the failed step needs.
    fn wanted_messages(&self, subject: &Subject) -> Vec<String> {
        match subject {
            Subject::Message { name, .. }
            | Subject::ScheduledCommand(name)
            | Subject::EngineFeature {
                event: Some(name), ..
            } => vec![name.clone()],
            Subject::Messages { missing, .. } => {
                missing.iter().map(|(name, _)| name.clone()).collect()
            }
            Subject::Handled(handler) | Subject::HandlerFailure(handler) => {
                self.handled_names(handler).into_iter().cloned().collect()
            }
            Subject::State(state) => self
                .writers_of(state)
                .into_iter()
                .map(|route| route.message)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns true if the declarations of the routes lead from a message to one of `wanted`.
    ///
    /// If `handler` is set, only its route for the message counts as the first step.
    fn leads_to(&self, handler: Option<&str>, message: &str, wanted: &[String]) -> bool {
        let mut reached = self.declared_by_route(handler, message);
        let mut idx = 0;

        while let Some(name) = reached.get(idx).copied() {
            for next in self.declared_by_route(None, name) {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            idx += 1;
        }

        wanted.iter().any(|name| reached.contains(&name.as_str()))
    }
}

/// Returns true if the failure of a call discarded an event or a command with one of these names.
fn discards_message(call: &IndexedCall<'_>, wanted: &[String]) -> bool {
    call.discarded().any(|effect| match effect {
        DiscardedEffect::Event { name, .. } | DiscardedEffect::Command(name) => {
            wanted.contains(name)
        }
        _ => false,
    })
}

/// Returns true if the failure of a call discarded a write of the state, or one of its events.
pub(super) fn discards_state(call: &IndexedCall<'_>, state: &StateSubject) -> bool {
    call.discarded().any(|effect| match effect {
        DiscardedEffect::Value { table, id } => *table == state.table() && state.matches_id(id),
        DiscardedEffect::Event { stream, .. } => {
            state.stream_category == Some(stream.category()) && state.matches_id(stream.id())
        }
        _ => false,
    })
}
