use flow_domain::record::{EntryId, HandlerKind, HandlerOutcome, Invariant};

use crate::{
    diagnosis::{
        Cause,
        candidates::{MAX_SIMILAR_CAUSES, merge},
        causal_index::{CausalIndex, IndexedCall},
        indexed_message::IndexedMessage,
        state_history::Fold,
    },
    expect::Subject,
    value::Difference,
};

/// Why a step failed, for each kind of subject.
impl<'r> CausalIndex<'r> {
    /// Returns the possible causes, the most probable first.
    pub(super) fn causes(&self, subject: &Subject, fold: Fold<'_>) -> Vec<Cause> {
        match subject {
            Subject::State(state) => self.state_causes(state, fold),
            Subject::Message { name, differs } => self.message_causes(name, differs.as_ref()),
            Subject::Messages {
                missing,
                unexpected,
                expected,
                found,
            } => {
                if missing.is_empty() && unexpected.is_empty() {
                    vec![self.order_cause(expected, found)]
                } else {
                    self.message_list_causes(missing, unexpected)
                }
            }
            Subject::NoMessage(name) => self
                .stored_messages(name)
                .take(1)
                .map(|message| self.unexpected_message(message))
                .collect(),
            Subject::Handled(handler) => self.unhandled_causes(handler),
            Subject::CommandResult => self.command_result_causes(),
            Subject::HandlerFailure(handler) => self.no_failure_causes(handler),
            Subject::Given => self.given_causes(),
            Subject::Invariant(invariant, started) => {
                self.invariant_violation(*invariant, *started)
            }
            Subject::Problem(handler) => self.problem_causes(*handler),
            Subject::ScheduledCommand(name) => self.schedule_causes(name),
            Subject::EngineFeature {
                feature,
                method,
                event,
            } => self.engine_feature_causes(feature, method, event.as_deref()),
            Subject::ReadWhilePending => self.pending_message().into_iter().collect(),
        }
    }

    /// Returns the call that violated an invariant. The entry `started` began the call.
    fn invariant_violation(&self, invariant: Invariant, started: EntryId) -> Vec<Cause> {
        let call = self.call_at(started);

        call.map(|call| Cause::InvariantViolated {
            at: self.handler_call(call),
            invariant,
        })
        .into_iter()
        .collect()
    }

    pub(super) fn unexpected_message(&self, message: &IndexedMessage<'r>) -> Cause {
        Cause::Unexpected {
            action: format!("{} {}", message.verb(), message.name),
            at: self
                .producer_of(message)
                .map(|producer| self.handler_call(producer)),
        }
    }

    /// Returns why a message is missing.
    ///
    /// `differs` has the name and the differing fields of a message that nearly matched.
    fn message_causes(
        &self,
        name: &str,
        differs: Option<&(String, Vec<Difference>)>,
    ) -> Vec<Cause> {
        let difference = differs.and_then(|(name, fields)| self.message_difference(name, fields));
        let mut missing = self.missing_message(name).into_causes();

        // The message was sent with other fields, so no subscription is missing on the way to it.
        if difference.is_some() {
            missing.retain(|cause| !matches!(cause, Cause::NoSubscriber { .. }));
        }

        difference.into_iter().chain(missing).collect()
    }

    /// Returns the cause that the expected messages came in another order.
    fn order_cause(&self, expected: &[String], found: &[String]) -> Cause {
        // The first message at a wrong place came too early. The list ends with the record, so later
        // messages of the same name are counted from the end.
        let early_idx = expected
            .iter()
            .zip(found)
            .position(|(expected, found)| expected != found);
        let early_message = early_idx.and_then(|idx| {
            let name = &found[idx];
            let n_later = found[idx + 1..]
                .iter()
                .filter(|later| *later == name)
                .count();

            self.messages_in_acts()
                .rev()
                .filter(|message| message.name == *name && message.is_stored())
                .nth(n_later)
        });

        Cause::OrderDiffers {
            is_command: early_message.is_some_and(|message| !message.is_event()),
            expected: expected.to_vec(),
            found: found.to_vec(),
            at: early_message
                .and_then(|message| self.producer_of(message))
                .map(|producer| self.handler_call(producer)),
        }
    }

    /// Returns why messages are missing, differ, or were not expected.
    fn message_list_causes(
        &self,
        missing: &[(String, Vec<Difference>)],
        unexpected: &[String],
    ) -> Vec<Cause> {
        let mut causes = Vec::new();
        for (name, differences) in missing.iter().take(MAX_SIMILAR_CAUSES) {
            if differences.is_empty() {
                causes.extend(self.missing_message(name).into_causes());
            } else {
                causes.extend(self.message_difference(name, differences));
            }
        }

        for name in unexpected.iter().take(MAX_SIMILAR_CAUSES) {
            let Some(message) = self
                .messages_in_acts()
                .rev()
                .find(|message| message.name == *name && message.is_stored())
            else {
                continue;
            };

            let repeated = self
                .producer_of(message)
                .and_then(|producer| self.handled_repeatedly(producer));
            causes.extend(repeated);
            causes.push(self.unexpected_message(message));
        }

        causes
    }

    /// Returns why a handler did not handle what it was expected to.
    fn unhandled_causes(&self, handler: &'static str) -> Vec<Cause> {
        let own_calls = || {
            self.calls_in_acts()
                .rev()
                .filter(|call| call.handler == handler)
        };

        let mut causes: Vec<Cause> = own_calls()
            .filter(|call| self.is_last_attempt(call))
            .filter_map(|call| self.problem_of_call(call))
            .collect();
        let mut missing = Vec::new();

        for name in self.handled_names(handler) {
            let messages: Vec<_> = self
                .messages_in_acts()
                .filter(|message| message.name == *name)
                .collect();
            for message in &messages {
                if message.is_stored() && !self.was_called_with(handler, message) {
                    causes.extend(self.delivery_problem(handler, message));
                }
            }

            if messages.is_empty() {
                missing.push(self.missing_message(name));
            }
        }

        // If the handler succeeded once, no missing message is the reason.
        match own_calls().find(|call| call.has_succeeded()) {
            Some(call) => causes.push(self.accepted_call(call)),
            None => causes.extend(merge(missing).into_causes()),
        }

        causes
    }

    /// Returns the names of the messages that a handler handles, according to the wiring.
    pub(super) fn handled_names(&self, handler: &str) -> Vec<&'r String> {
        let commands = self
            .wiring
            .commands
            .iter()
            .filter(|route| route.handler == handler)
            .map(|route| &route.command);
        let events = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| route.handler == handler)
            .map(|route| &route.event);

        commands.chain(events).collect()
    }

    /// Returns the messages that came from outside in the last act.
    pub(super) fn last_act_messages(&self) -> impl Iterator<Item = &IndexedMessage<'r>> {
        let n_before = self.n_before_last_act;
        self.messages_in_acts().filter(move |message| {
            message.produced_by.is_none() && n_before <= message.entry.index()
        })
    }

    /// Returns why the last act had another result than expected.
    fn command_result_causes(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        for message in self.last_act_messages() {
            let calls: Vec<_> = self.calls_of(message).collect();
            causes.extend(calls.iter().filter_map(|call| self.problem_of_call(call)));

            if calls.is_empty() {
                causes.extend(self.problem_of_message(message));
            }
        }

        let failed = self.calls_in_acts().filter(|call| {
            call.is_in_last_act(self) && matches!(call.outcome, Some(HandlerOutcome::Failed(_)))
        });
        causes.extend(failed.filter_map(|call| self.problem_of_call(call)));

        if !causes.is_empty() {
            return causes;
        }

        self.last_act_messages()
            .flat_map(|message| self.calls_of(message))
            .take(1)
            .map(|call| self.accepted_call(call))
            .collect()
    }

    /// Returns what a successful call did.
    fn accepted_call(&self, call: &IndexedCall<'r>) -> Cause {
        let written = call
            .changes()
            .map(|change| format!("{} {:?}", change.table.name, change.id));

        Cause::Accepted {
            at: self.handler_call(call),
            effects: self.caused_names(call).into_iter().chain(written).collect(),
        }
    }

    /// Returns why a handler did not fail as expected.
    fn no_failure_causes(&self, handler: &'static str) -> Vec<Cause> {
        let last_call = self
            .calls_in_acts()
            .rev()
            .find(|call| call.handler == handler);

        match last_call {
            Some(call) => vec![
                self.problem_of_call(call)
                    .unwrap_or_else(|| self.accepted_call(call)),
            ],
            None => self.unhandled_causes(handler),
        }
    }

    /// Returns what went wrong in the `given` steps.
    fn given_causes(&self) -> Vec<Cause> {
        let call_problems = self
            .calls_in_acts()
            .filter(|call| call.has_failed())
            .filter_map(|call| self.problem_of_call(call));
        let message_problems = self
            .messages_in_acts()
            .filter_map(|message| self.problem_of_message(message));

        call_problems.chain(message_problems).collect()
    }

    /// Returns what went wrong in the last act.
    ///
    /// If `handler` is set, only its calls count. Else rejections count only in command handlers.
    fn problem_causes(&self, handler: Option<&'static str>) -> Vec<Cause> {
        let went_wrong = |call: &&IndexedCall<'r>| match call.outcome {
            Some(HandlerOutcome::Failed(_)) => handler.is_none_or(|name| name == call.handler),
            Some(HandlerOutcome::Rejected(_)) => match handler {
                Some(name) => name == call.handler,
                None => call.kind == HandlerKind::CommandHandler,
            },
            _ => false,
        };

        // Only the first failed call counts: it may have caused the later failures.
        let first_failed = self
            .calls_in_acts()
            .filter(|call| call.is_in_last_act(self) && self.is_last_attempt(call))
            .find(went_wrong);
        if let Some(cause) = first_failed.and_then(|call| self.problem_of_call(call)) {
            return vec![cause];
        }

        self.last_act_messages()
            .filter_map(|message| self.problem_of_message(message))
            .collect()
    }

    /// Returns why a command was not scheduled.
    fn schedule_causes(&self, name: &str) -> Vec<Cause> {
        let Some(command) = self
            .messages_in_acts()
            .rev()
            .find(|message| message.name == name && message.is_stored())
        else {
            return self.missing_message(name).into_causes();
        };

        match self.calls_of(command).next() {
            Some(call) => vec![self.accepted_call(call)],
            None => self.problem_of_message(command).into_iter().collect(),
        }
    }

    /// Returns why an expectation on an engine feature failed.
    fn engine_feature_causes(
        &self,
        feature: &str,
        method: &'static str,
        event: Option<&str>,
    ) -> Vec<Cause> {
        if self.is_inline {
            return vec![Cause::NotInMode {
                feature: feature.to_owned(),
                method: method.to_owned(),
            }];
        }

        let Some(event) = event else {
            return self.last_failure().into_iter().collect();
        };

        match self.stored_messages(event).next() {
            Some(message) => self
                .producer_of(message)
                .map(|producer| self.accepted_call(producer))
                .into_iter()
                .collect(),
            None => self.missing_message(event).into_causes(),
        }
    }

    /// Returns the last failure that ended with a dead letter, or else the last failure that no retry
    /// repaired.
    fn last_failure(&self) -> Option<Cause> {
        let calls = || self.calls_in_acts().rev();
        let dead_letter = calls().find(|call| self.is_dead_letter(call));
        let unrepaired = || calls().find(|call| call.has_failed() && self.is_last_attempt(call));

        self.problem_of_call(dead_letter.or_else(unrepaired)?)
    }

    /// Returns the cause that no handler failed. It is for searches that find no other cause.
    pub(super) fn nothing_failed(&self) -> Option<Cause> {
        if self.calls_in_acts().any(IndexedCall::has_failed) {
            return None;
        }

        let n_handled = self
            .calls_in_acts()
            .filter(|call| call.has_succeeded())
            .count();

        Some(Cause::NothingFailed { n_handled })
    }

    /// Returns a message that is still pending: the first of a backlog, or the last in the outbox.
    fn pending_message(&self) -> Option<Cause> {
        let Some(backlog) = self.remaining.backlogs.first() else {
            let last = self
                .messages
                .iter()
                .rev()
                .find(|message| message.is_stored() && message.is_async())?;

            return Some(Cause::Pending {
                message: last.name.clone(),
                waits_for: "in the outbox and not published yet".to_owned(),
                entry: Some(last.entry),
            });
        };

        let subscription = &*backlog.subscription;
        let message = self.messages.iter().find(|message| {
            self.is_subscribed(subscription, message)
                && !self.was_called_with(subscription, message)
        });

        Some(Cause::Pending {
            message: message.map_or_else(|| "a message".to_owned(), |message| message.name.clone()),
            waits_for: format!("for {subscription}"),
            entry: message.map(|message| message.entry),
        })
    }
}
