use flow_domain::{
    message::{Payload, Recorded},
    record::{EntryId, EntryKind},
    runtime::StateType,
};
use serde_json::Value;

use crate::diagnosis::{
    Cause, FieldCause, Similarity, ValueOrigin,
    causal_index::{CausalIndex, IndexedCall, IndexedMessage},
    missing_state::SubscriptionGaps,
    subject::{Difference, Requirement, StateSubject},
};

/// Folds events into the state of an aggregate, as JSON.
pub(super) type Fold<'a> = &'a dyn Fn(StateType, &[Recorded]) -> Option<Payload>;

/// What something was at one time, and who made it so.
struct StateRevision<'f, 'r> {
    value: Value,
    written_by: Option<&'f IndexedCall<'r>>,
    /// The event that made it so, if it is folded from events.
    event: Option<&'f IndexedMessage<'r>>,
}

/// Why something that is kept is not as it was expected.
impl<'r> CausalIndex<'r> {
    pub(super) fn state_difference_causes(
        &self,
        sought: &StateSubject,
        fold: Fold<'_>,
    ) -> Vec<Cause> {
        let states = self.state_history(sought, fold);
        let wanted = relevant_fields(sought, states.last());
        let causes: Vec<FieldCause> = wanted
            .iter()
            .map(|one| self.field_cause(one, &states))
            .collect();
        let fields_differ = || Cause::FieldsDiffer {
            subject: sought.description(),
            fields: causes.clone(),
        };
        let is_suspicious = |cause: &FieldCause| match &cause.origin {
            Some(ValueOrigin::Changed { .. }) => true,
            Some(ValueOrigin::TestFlow { .. }) => cause.expected.is_some(),
            _ => cause.expected_field.is_some(),
        };

        let was_set_in_last_act = wanted.iter().any(|one| {
            let setter = last_setter(&one.path, &states).and_then(|state| state.written_by);
            setter.is_some_and(|setter| setter.is_in_last_act(self))
        });
        let SubscriptionGaps {
            no_subscriber: unheard,
            other_subscribers: heard,
            self_caused: answers,
            omitted: left_out,
            unread_categories: unread,
        } = self.subscription_gaps(sought, false);
        // What came after that by which it was set last, and is about it, may be what was to change it.
        let setters = wanted.iter();
        let setters = setters.filter_map(|one| last_setter(&one.path, &states));
        let last_set = setters.filter_map(|state| self.cause_entry(state)).max();
        let is_later = |one: &Cause| {
            let entry = one.entry();
            entry.is_some_and(|entry| last_set.is_none_or(|last_set| last_set < entry))
        };
        let (later, heard): (Vec<_>, Vec<_>) = heard.into_iter().partition(is_later);
        let answers = answers.into_iter().filter(is_later);
        let left_out = left_out.into_iter().filter(is_later);
        let unread = unread.into_iter().filter(is_later);

        let (mut verdicts, scheduled) = self.writer_problems(sought);
        let wrote_nothing = self.calls_without_writes(sought).into_iter();
        let (looked_elsewhere, idle): (Vec<_>, Vec<_>) =
            wrote_nothing.partition(|one| matches!(one, Cause::WrongKey { .. }));

        verdicts.extend(looked_elsewhere);
        // Who was called last about it, and left it as it was.
        let is_last = |one: &Cause| {
            let entry = one.entry();
            entry.is_some_and(|entry| {
                self.n_before_last_act <= entry.index()
                    && last_set.is_none_or(|last_set| last_set < entry)
            })
        };
        let idle = idle.into_iter().filter(is_last);

        // It was to change this one, and changed another.
        verdicts.extend(
            self.writes_under_other_ids(sought, self.n_given)
                .into_iter()
                .filter(|other| match other {
                    Cause::WrongKey { .. } => true,
                    Cause::WroteOther {
                        similarity: nearness,
                        ..
                    } => {
                        matches!(nearness, Similarity::InField(_))
                    }
                    _ => false,
                }),
        );
        let setters = wanted.iter();
        let setters = setters.filter_map(|one| last_setter(&one.path, &states)?.written_by);

        verdicts.extend(setters.filter_map(|by| self.handled_repeatedly(by)));
        verdicts.extend(self.overwritten_state(sought, &wanted, &states));
        if causes.iter().any(is_suspicious) {
            verdicts.push(fields_differ());
        }

        verdicts.extend(scheduled);
        verdicts.extend(unheard);
        verdicts.extend(later);
        verdicts.extend(left_out);

        if !was_set_in_last_act {
            verdicts.extend(idle);
        }

        if was_set_in_last_act {
            verdicts.push(fields_differ());
        }

        verdicts.extend(heard);
        let (told, guessed) = self.missing_triggers(sought);
        // What was done otherwise before it was set last is no reason why it was set so.
        let is_earlier = |one: &Cause| {
            matches!(one, Cause::NotRaised { instead, .. } if !instead.is_empty())
                && last_set.is_some_and(|last_set| one.entry().is_some_and(|one| one < last_set))
        };
        let (earlier, told): (Vec<_>, Vec<_>) = told.into_iter().partition(is_earlier);

        verdicts.extend(told);
        verdicts.extend(answers);
        verdicts.push(fields_differ());
        verdicts.extend(unread);
        verdicts.extend(earlier);
        verdicts.extend(guessed);

        verdicts
    }

    /// What it was, from the first time on.
    fn state_history<'f>(
        &'f self,
        sought: &'f StateSubject,
        fold: Fold<'_>,
    ) -> Vec<StateRevision<'f, 'r>> {
        let Some(id) = &sought.id else {
            return Vec::new();
        };

        let Some(category) = sought.stream_category else {
            let writes = self.writes_of(Self::table_of(sought), id);
            let written = writes.filter_map(|(by, written)| {
                Some(StateRevision {
                    value: written.after.as_ref()?.to_value(),
                    written_by: Some(by),
                    event: None,
                })
            });

            return written.collect();
        };

        let mut history: Vec<Recorded> = Vec::new();
        let mut states = Vec::new();

        for message in self.messages.iter().filter(|one| one.is_event()) {
            let stream = &message.envelope.metadata.stream;
            let appended = message
                .stored_at
                .map(|entry| &self.record.entry(entry).kind);

            if (stream.category(), stream.id()) != (category, id) || message.category() != category
            {
                continue;
            }

            if let Some(EntryKind::Appended(event)) = appended {
                history.push(event.clone());
            }

            if let Some(value) = fold(sought.state_type, &history) {
                states.push(StateRevision {
                    value: value.to_value(),
                    written_by: self.producer_of(message),
                    event: Some(message),
                });
            }
        }

        states
    }

    /// The entry at which the message came to be by which it was made so.
    fn cause_entry(&self, state: &StateRevision<'_, 'r>) -> Option<EntryId> {
        let message = match state.event {
            Some(event) => event,
            None => self.message_of(state.written_by?)?,
        };
        message.stored_at
    }

    /// Who set a field last, and where its value is from.
    fn field_cause(&self, wanted: &Difference, states: &[StateRevision<'_, 'r>]) -> FieldCause {
        let setter = last_setter(&wanted.path, states);
        let origin = setter.zip(wanted.found.as_ref());
        let origin = origin.and_then(|(state, found)| {
            let field = field_name(&wanted.path);
            match (state.event, state.written_by) {
                (Some(event), _) if event.content().get(field) == Some(found) => {
                    Some(self.origin_of(event, field, found))
                }
                (_, Some(by)) => Some(self.origin_in_call(by, field, found)),
                _ => None,
            }
        });

        FieldCause {
            was_as_expected: was_as_expected_before(wanted, states),
            path: wanted.path.clone(),
            expected: wanted.expected.clone(),
            found: wanted.found.clone(),
            set_by: setter.and_then(|state| state.written_by.map(|by| self.handler_call(by))),
            event: setter.and_then(|state| state.event.map(|event| event.name.clone())),
            expected_field: self.expected_field(
                origin.as_ref(),
                field_name(&wanted.path),
                wanted.expected.as_ref(),
            ),
            origin,
        }
    }

    /// It was as expected before somebody wrote over it.
    fn overwritten_state(
        &self,
        sought: &StateSubject,
        wanted: &[Difference],
        states: &[StateRevision<'_, 'r>],
    ) -> Option<Cause> {
        if wanted.iter().any(|one| one.expected.is_none()) {
            return None;
        }

        let is_as_wanted = |state: &StateRevision<'_, 'r>| {
            wanted
                .iter()
                .all(|one| value_at(&state.value, &one.path) == one.expected.as_ref())
        };
        let earlier = states.iter().rposition(is_as_wanted)?;
        let over = states.get(earlier + 1)?;
        let was_acted = |state: &StateRevision<'_, 'r>| {
            state
                .written_by
                .is_some_and(|by| self.n_given <= by.started.index())
        };

        // What was given is the beginning, and not what the acts were to leave.
        if !was_acted(&states[earlier]) {
            return None;
        }

        Some(Cause::Overwritten {
            at: self.handler_call(over.written_by?),
            subject: sought.description(),
            is_deleted: false,
            earlier: states[earlier].written_by.map(|by| self.handler_call(by)),
        })
    }

    /// Why a message has other fields than expected.
    pub(super) fn message_difference(
        &self,
        name: &str,
        differences: &[Difference],
    ) -> Option<Cause> {
        let mut messages = self.messages_in_acts().filter(|one| {
            let content = one.content();
            let mut differences = differences.iter();
            one.name == name
                && differences.all(|one| value_at(&content, &one.path) == one.found.as_ref())
        });
        let message = messages.next()?;
        let fields = differences.iter().map(|one| {
            let field = field_name(&one.path);
            let origin = one.found.as_ref();
            let origin = origin.map(|found| self.origin_of(message, field, found));

            FieldCause {
                was_as_expected: false,
                path: one.path.clone(),
                expected: one.expected.clone(),
                found: one.found.clone(),
                set_by: self.producer_of(message).map(|by| self.handler_call(by)),
                event: None,
                expected_field: self.expected_field(origin.as_ref(), field, one.expected.as_ref()),
                origin,
            }
        });

        Some(Cause::FieldsDiffer {
            subject: name.to_owned(),
            fields: fields.collect(),
        })
    }
}

/// The fields that matter: those that differ, or all if only a closure knows.
fn relevant_fields(sought: &StateSubject, last: Option<&StateRevision<'_, '_>>) -> Vec<Difference> {
    if let Requirement::Fields(differences) = &sought.requirement {
        return differences.clone();
    }

    let fields = last.and_then(|last| last.value.as_object());
    let fields = fields.into_iter().flatten();

    fields
        .map(|(path, found)| Difference {
            path: path.clone(),
            expected: None,
            found: Some(found.clone()),
        })
        .collect()
}

/// The state since which the field has been as it is.
fn last_setter<'s, 'f, 'r>(
    path: &str,
    states: &'s [StateRevision<'f, 'r>],
) -> Option<&'s StateRevision<'f, 'r>> {
    let last = value_at(&states.last()?.value, path);
    let n_same = states
        .iter()
        .rev()
        .take_while(|state| value_at(&state.value, path) == last);
    n_same.last()
}

/// Whether a field was as expected until it was set last.
fn was_as_expected_before(wanted: &Difference, states: &[StateRevision<'_, '_>]) -> bool {
    let Some(expected) = &wanted.expected else {
        return false;
    };

    let last = states
        .last()
        .and_then(|last| value_at(&last.value, &wanted.path));
    let before = states
        .iter()
        .rev()
        .find(|state| value_at(&state.value, &wanted.path) != last);

    before.is_some_and(|before| value_at(&before.value, &wanted.path) == Some(expected))
}

/// The value at a path: `lines[1].price`.
fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = value;
    for part in path.split('.') {
        let (name, places) = part.split_once('[').unwrap_or((part, ""));
        if !name.is_empty() {
            value = value.get(name)?;
        }

        for place in places.split('[').filter(|place| !place.is_empty()) {
            let idx: usize = place.trim_end_matches(']').parse().ok()?;
            value = value.get(idx)?;
        }
    }

    Some(value)
}

/// The name of the field at the end of a path.
fn field_name(path: &str) -> &str {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.split('[').next().unwrap_or(last)
}
