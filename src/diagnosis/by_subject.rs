use flow_domain::{
    message::Payload,
    record::{EntryId, HandlerKind, HandlerOutcome, Invariant, StateChange, TableKind},
};

use crate::diagnosis::{
    Cause,
    candidates::merge,
    causal_index::{CausalIndex, IndexedCall, IndexedMessage},
    field_differences::Fold,
    missing_state::SubscriptionGaps,
    subject::{Requirement, StateSubject, Subject},
};

/// Why a step failed, by what it was about.
impl<'r> CausalIndex<'r> {
    pub(super) fn causes(&self, sought: &Subject, fold: Fold<'_>) -> Vec<Cause> {
        match sought {
            Subject::State(kept) => self.state_causes(kept, fold),
            Subject::Message { name, differs } => {
                let differs = differs.as_ref();
                let differs =
                    differs.and_then(|(name, fields)| self.message_difference(name, fields));
                let mut missing = self.missing_message(name).into_causes();

                // One like it came: nobody had to be told of anything else.
                missing
                    .retain(|one| differs.is_none() || !matches!(one, Cause::NoSubscriber { .. }));
                differs.into_iter().chain(missing).collect()
            }
            Subject::Messages { .. } => self.message_list_causes(sought),
            Subject::NoMessage(name) => {
                let mut messages = self.messages_in_acts();
                let found = messages.find(|one| one.name == *name && one.stored_at.is_some());
                found
                    .map(|one| self.unexpected_message(one))
                    .into_iter()
                    .collect()
            }
            Subject::Handled(handler) => self.unhandled_causes(handler),
            Subject::CommandResult => self.command_result_causes(),
            Subject::HandlerFailure(handler) => {
                match self
                    .calls_in_acts()
                    .rev()
                    .find(|one| one.handler == *handler)
                {
                    Some(found) => vec![
                        self.problem_of_call(found)
                            .unwrap_or_else(|| self.accepted_call(found)),
                    ],
                    None => self.unhandled_causes(handler),
                }
            }
            Subject::Given => {
                let troubles = self.calls_in_acts().filter(|one| one.has_failed());
                let troubles = troubles.filter_map(|one| self.problem_of_call(one));
                let fates = self
                    .messages_in_acts()
                    .filter_map(|one| self.problem_of_message(one));
                troubles.chain(fates).collect()
            }
            Subject::Invariant(law, started) => self.invariant_violation(*law, *started),
            Subject::Problem(handler) => self.problem_causes(*handler),
            Subject::ScheduledCommand(name) => self.schedule_causes(name),
            Subject::EngineFeature {
                feature: what,
                method: word,
                event,
            } => self.engine_feature_causes(what, word, event.as_deref()),
            Subject::ReadWhilePending => self.pending_message().into_iter().collect(),
        }
    }

    fn state_causes(&self, kept: &StateSubject, fold: Fold<'_>) -> Vec<Cause> {
        match kept.requirement {
            Requirement::Present => self.absence_causes(kept),
            Requirement::Fields(_) | Requirement::Predicate if kept.id.is_some() => {
                self.state_difference_causes(kept, fold)
            }
            Requirement::Fields(_) | Requirement::Predicate => {
                let (mut verdicts, scheduled) = self.writer_problems(kept);
                verdicts.extend(scheduled);
                verdicts.extend(self.last_writer(kept));
                let SubscriptionGaps {
                    no_subscriber: unheard,
                    other_subscribers: heard,
                    ..
                } = self.subscription_gaps(kept, false);

                verdicts.extend(unheard.into_iter().chain(heard));
                let (told, guessed) = self.missing_triggers(kept);
                verdicts.extend(told.into_iter().chain(guessed));

                verdicts
            }
            Requirement::RowPredicate(ref row) => {
                self.state_difference_causes(&self.subject_for_row(kept, row), fold)
            }
            Requirement::NoRow(ref row) => {
                let row = self.subject_for_row(kept, row);
                self.last_writer(&row).into_iter().collect()
            }
            Requirement::Absent => self.last_writer(kept).into_iter().collect(),
            Requirement::Readable { ref error } => self.unreadable_state(kept, error),
        }
    }

    /// One of several rows: the one that is so.
    fn subject_for_row(&self, sought: &StateSubject, row: &Payload) -> StateSubject {
        let table = Self::table_of(sought);
        let writes = self.calls.iter().flat_map(|one| one.writes.iter());
        let mut writes = writes.filter(|one| one.table == table);
        let is_it = |one: &&&StateChange| one.after.as_ref() == Some(row);

        StateSubject {
            id: writes.rfind(is_it).map(|written| written.id.to_string()),
            requirement: Requirement::Predicate,
            ..sought.clone()
        }
    }

    /// Who broke a law.
    fn invariant_violation(&self, law: Invariant, started: EntryId) -> Vec<Cause> {
        let by = self.calls.iter().find(|one| one.started == started);
        let verdict = by.map(|by| Cause::InvariantViolated {
            at: self.handler_call(by),
            invariant: law,
        });
        verdict.into_iter().collect()
    }

    /// Who wrote it last, although it should not be there.
    fn last_writer(&self, sought: &StateSubject) -> Option<Cause> {
        let table = Self::table_of(sought);
        let is_it = |id: &str| sought.id.as_ref().is_none_or(|wanted| wanted == id);
        let in_stream = |message: &&IndexedMessage<'r>| {
            sought.stream_category == Some(message.category())
                && message.is_event()
                && is_it(message.envelope.metadata.stream.id())
        };

        let by = self.calls.iter().rev().find(|one| {
            let mut writes = one.writes.iter();
            let raised = one.caused.iter().map(|place| &self.messages[*place]);
            writes.any(|written| written.table == table && is_it(&written.id))
                || raised
                    .filter(in_stream)
                    .any(|event| event.stored_at.is_some())
        });

        let Some(by) = by else {
            let event = self.messages.iter().rev().find(|one| in_stream(one))?;
            return Some(self.unexpected_message(event));
        };

        let mut written = by.writes.iter().rev();
        let written = written.find(|written| written.table == table && is_it(&written.id));
        let did = match written {
            Some(written) => format!("wrote {} {:?}", sought.state_type.name, written.id),
            None => format!("raised events of {}", sought.description()),
        };

        Some(Cause::Unexpected {
            action: did,
            at: Some(self.handler_call(by)),
        })
    }

    fn unexpected_message(&self, message: &IndexedMessage<'r>) -> Cause {
        Cause::Unexpected {
            action: format!("{} {}", message.verb(), message.name),
            at: self.producer_of(message).map(|by| self.handler_call(by)),
        }
    }

    fn message_list_causes(&self, sought: &Subject) -> Vec<Cause> {
        let Subject::Messages {
            missing,
            unexpected,
            expected,
            found,
        } = sought
        else {
            return Vec::new();
        };

        if missing.is_empty() && unexpected.is_empty() {
            let early = expected
                .iter()
                .zip(found)
                .find(|(one, other)| one != other)
                .and_then(|(_, early)| {
                    let mut messages = self.messages_in_acts();
                    messages.find(|one| one.name == *early)
                });

            return vec![Cause::OrderDiffers {
                expected: expected.clone(),
                found: found.clone(),
                at: early.and_then(|early| self.producer_of(early).map(|by| self.handler_call(by))),
            }];
        }

        let mut verdicts = Vec::new();
        for (name, differences) in missing {
            if differences.is_empty() {
                verdicts.extend(self.missing_message(name).into_causes());
            } else {
                verdicts.extend(self.message_difference(name, differences));
            }
        }

        for name in unexpected {
            let one = self
                .messages_in_acts()
                .rev()
                .find(|one| one.name == *name && one.stored_at.is_some());
            let by = one.and_then(|one| self.producer_of(one));
            verdicts.extend(by.and_then(|by| self.handled_repeatedly(by)));
            verdicts.extend(one.map(|one| self.unexpected_message(one)));
        }

        verdicts
    }

    /// Why a handler did not handle what it was expected to.
    fn unhandled_causes(&self, handler: &'static str) -> Vec<Cause> {
        let commands = self.wiring.commands.iter();
        let commands = commands.filter(|one| one.handler == handler);
        let subscriptions = self.wiring.subscriptions.iter();
        let subscriptions = subscriptions.filter(|one| one.handler == handler);
        let names: Vec<&String> = commands
            .map(|one| &one.command)
            .chain(subscriptions.map(|one| &one.event))
            .collect();
        let handlings = self
            .calls_in_acts()
            .rev()
            .filter(|one| one.handler == handler);
        let mut verdicts: Vec<Cause> = handlings
            .filter_map(|handling| self.problem_of_call(handling))
            .collect();
        let mut missing = Vec::new();

        for name in names {
            let mut came = self.messages_in_acts().filter(|one| one.name == *name);
            let first = came.next();

            for message in first.into_iter().chain(came) {
                let mut handlings = self.calls_of(message);
                if message.stored_at.is_some() && handlings.all(|one| one.handler != handler) {
                    verdicts.extend(self.delivery_problem(handler, message));
                }
            }

            if first.is_none() {
                missing.push(self.missing_message(name));
            }
        }

        let mut handled = self
            .calls_in_acts()
            .rev()
            .filter(|one| one.handler == handler);
        let last = handled.find(|one| one.has_succeeded());

        verdicts.extend(last.map(|one| self.accepted_call(one)));
        if last.is_none() {
            verdicts.extend(merge(missing).into_causes());
        }

        verdicts
    }

    /// The messages of the last act that came from outside.
    fn last_act_messages(&self) -> impl Iterator<Item = &IndexedMessage<'r>> {
        let n_before = self.n_before_last_act;
        self.messages_in_acts()
            .filter(move |one| one.produced_by.is_none() && n_before <= one.entry.index())
    }

    /// What became of the last act.
    fn command_result_causes(&self) -> Vec<Cause> {
        let mut verdicts = Vec::new();
        for message in self.last_act_messages() {
            let handlings: Vec<_> = self.calls_of(message).collect();
            let troubles = handlings.iter().filter_map(|one| self.problem_of_call(one));
            verdicts.extend(troubles);
            if handlings.is_empty() {
                verdicts.extend(self.problem_of_message(message));
            }
        }

        let failed = self.calls_in_acts().filter(|one| one.is_in_last_act(self));
        let failed = failed.filter(|one| matches!(one.outcome, Some(HandlerOutcome::Failed(_))));

        verdicts.extend(failed.filter_map(|one| self.problem_of_call(one)));
        if !verdicts.is_empty() {
            return verdicts;
        }

        let own = self
            .last_act_messages()
            .flat_map(|message| self.calls_of(message));
        own.map(|one| self.accepted_call(one)).take(1).collect()
    }

    /// What a handling did that went well.
    fn accepted_call(&self, handling: &IndexedCall<'r>) -> Cause {
        let written = handling
            .writes
            .iter()
            .filter(|one| one.table.kind != TableKind::Inbox)
            .map(|one| format!("{} {:?}", one.table.name, one.id));

        Cause::Accepted {
            at: self.handler_call(handling),
            effects: self
                .caused_names(handling)
                .into_iter()
                .chain(written)
                .collect(),
        }
    }

    /// Something that went wrong in the last act.
    fn problem_causes(&self, handler: Option<&'static str>) -> Vec<Cause> {
        let went_wrong = |one: &&IndexedCall<'r>| match one.outcome {
            Some(HandlerOutcome::Failed(_)) => handler.is_none_or(|name| name == one.handler),
            Some(HandlerOutcome::Rejected(_)) => match handler {
                Some(name) => name == one.handler,
                None => one.kind == HandlerKind::CommandHandler,
            },
            _ => false,
        };

        // The first: what failed after it may have failed because of it.
        let failed = self
            .calls_in_acts()
            .filter(|one| one.is_in_last_act(self) && self.is_last_attempt(one))
            .find(went_wrong);
        if let Some(verdict) = failed.and_then(|failed| self.problem_of_call(failed)) {
            return vec![verdict];
        }

        let fates = self
            .last_act_messages()
            .filter_map(|message| self.problem_of_message(message));
        fates.collect()
    }

    fn schedule_causes(&self, name: &str) -> Vec<Cause> {
        let Some(message) = self
            .messages_in_acts()
            .rev()
            .find(|one| one.name == name && one.stored_at.is_some())
        else {
            return self.missing_message(name).into_causes();
        };

        let mut handlings = self.calls_of(message);
        match handlings.next() {
            Some(handling) => vec![self.accepted_call(handling)],
            None => self.problem_of_message(message).into_iter().collect(),
        }
    }

    fn engine_feature_causes(
        &self,
        what: &str,
        word: &'static str,
        event: Option<&str>,
    ) -> Vec<Cause> {
        if self.is_inline {
            return vec![Cause::NotInMode {
                feature: what.to_owned(),
                method: word.to_owned(),
            }];
        }

        let Some(event) = event else {
            let failed = self
                .calls_in_acts()
                .rev()
                .filter_map(|one| self.problem_of_call(one));
            return failed.chain([self.nothing_failed()]).take(1).collect();
        };

        let mut came = self.messages_in_acts();
        match came.find(|one| one.name == *event && one.stored_at.is_some()) {
            Some(message) => self
                .producer_of(message)
                .map(|by| self.accepted_call(by))
                .into_iter()
                .collect(),
            None => self.missing_message(event).into_causes(),
        }
    }

    /// What is left to say if nothing is known.
    pub(super) fn nothing_failed(&self) -> Cause {
        let n_handled = self
            .calls_in_acts()
            .filter(|one| one.has_succeeded())
            .count();
        Cause::NothingFailed { n_handled }
    }

    /// The first message that waits.
    fn pending_message(&self) -> Option<Cause> {
        let Some(first) = self.remaining.backlogs.first() else {
            let last = self
                .messages
                .iter()
                .rev()
                .find(|one| one.stored_at.is_some() && one.is_async())?;

            return Some(Cause::Pending {
                message: last.name.clone(),
                waits_for: "in the outbox, to be published".to_owned(),
                entry: Some(last.entry),
            });
        };

        let mut messages = self.messages.iter().filter(|message| {
            let is_for_it = self.is_subscribed(&first.subscription, message);
            let mut handlings = self.calls_of(message);
            is_for_it && handlings.all(|one| *one.handler != *first.subscription)
        });
        let message = messages.next();

        Some(Cause::Pending {
            message: message.map_or_else(|| "a message".to_owned(), |one| one.name.clone()),
            waits_for: format!("for {}", first.subscription),
            entry: message.map(|one| one.entry),
        })
    }
}
