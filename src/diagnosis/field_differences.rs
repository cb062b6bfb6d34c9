use flow_domain::{json::Json, record::EntryId};

use crate::{
    diagnosis::{
        Cause, FieldCause, Similarity, ValueOrigin,
        causal_index::CausalIndex,
        state_history::{
            Fold, StateRevision, is_never_set, last_setter, last_setters, was_as_expected_before,
        },
    },
    expect::{Requirement, StateSubject},
    value::Difference,
};

/// When the fields of a state were set last.
struct LastSet {
    /// The entry that stored the last message that set one of the fields.
    entry: Option<EntryId>,
    /// Whether a call of the last act set one of the fields.
    is_in_last_act: bool,
}

impl LastSet {
    /// Returns true if the fields were last set before the cause happened, or never set.
    fn is_before(&self, cause: &Cause) -> bool {
        cause
            .entry()
            .is_some_and(|entry| self.entry.is_none_or(|last_set| last_set < entry))
    }

    /// Returns true if the fields were last set after the cause happened.
    fn is_after(&self, cause: &Cause) -> bool {
        cause
            .entry()
            .is_some_and(|entry| self.entry.is_some_and(|last_set| entry < last_set))
    }
}

/// Why a state or a message has other fields than expected.
impl<'r> CausalIndex<'r> {
    /// Returns the possible causes for a state that differs, the most probable first.
    pub(super) fn state_difference_causes(
        &self,
        subject: &StateSubject,
        fold: Fold<'_>,
    ) -> Vec<Cause> {
        let history = self.state_history(subject, fold);
        let fields = relevant_fields(subject, history.last());
        let last_set = self.last_set(&fields, &history);
        // A message or call after the fields were set last may have been meant to change them.
        let is_later = |cause: &Cause| last_set.is_before(cause);

        let known_fields: Vec<Difference> = fields
            .iter()
            .filter(|field| !is_never_set(field, &history))
            .cloned()
            .collect();
        let field_causes = self.field_causes(&known_fields, &history);
        let is_suspicious = field_causes.iter().any(is_suspicious);
        let fields_differ = (!field_causes.is_empty()).then(|| Cause::FieldsDiffer {
            subject: subject.description(),
            fields: field_causes,
        });

        let (problems, scheduled) = self.writer_problems(subject);
        let (wrong_keys, without_writes) = split(self.calls_without_writes(subject), |cause| {
            matches!(cause, Cause::WrongKey { .. })
        });
        let gaps = self.subscription_gaps(subject, false);
        let (later_gaps, earlier_gaps) = split(gaps.other_subscribers, is_later);
        let (likely, guesses) = self.missing_triggers(subject);
        let (outdated, likely) = split(likely, |cause| is_outdated(cause, &last_set));

        // The order of the causes is their ranking.
        let mut causes = problems;
        causes.extend(wrong_keys);
        causes.extend(self.wrong_writes(subject, &fields, &history));
        if is_suspicious {
            causes.extend(fields_differ.clone());
        }
        causes.extend(scheduled);
        causes.extend(gaps.no_subscriber);
        causes.extend(later_gaps);
        causes.extend(gaps.omitted.into_iter().filter(is_later));

        if last_set.is_in_last_act {
            causes.extend(fields_differ.clone());
        } else {
            // The last act left the state as it was: the reason may be a call that wrote nothing.
            causes.extend(
                without_writes
                    .into_iter()
                    .filter(|cause| is_later(cause) && self.is_cause_in_last_act(cause)),
            );
        }
        causes.extend(earlier_gaps);
        causes.extend(likely);
        causes.extend(gaps.self_caused.into_iter().filter(is_later));
        causes.extend(fields_differ);
        causes.extend(gaps.unread_categories.into_iter().filter(is_later));
        causes.extend(outdated);
        causes.extend(guesses);

        causes
    }

    /// Returns when the fields were set last.
    fn last_set(&self, fields: &[Difference], history: &[StateRevision<'_, 'r>]) -> LastSet {
        let setters = last_setters(fields, history);

        LastSet {
            entry: setters
                .iter()
                .filter_map(|revision| self.cause_entry(revision))
                .max(),
            is_in_last_act: setters
                .iter()
                .filter_map(|revision| revision.written_by)
                .any(|call| call.is_in_last_act(self)),
        }
    }

    /// Returns the calls that wrote to another state, wrote more than once, or overwrote the state.
    fn wrong_writes(
        &self,
        subject: &StateSubject,
        fields: &[Difference],
        history: &[StateRevision<'_, 'r>],
    ) -> Vec<Cause> {
        let to_other_states = self
            .writes_under_other_ids(subject, self.n_given_entries)
            .into_iter()
            .filter(|cause| {
                matches!(
                    cause,
                    Cause::WrongKey { .. }
                        | Cause::WroteOther {
                            similarity: Similarity::InField { .. },
                            ..
                        }
                )
            });
        let repeated = last_setters(fields, history)
            .into_iter()
            .filter_map(|revision| self.handled_repeatedly(revision.written_by?));
        let overwritten = self.overwritten_state(subject, fields, history);

        to_other_states.chain(repeated).chain(overwritten).collect()
    }

    /// Returns true if the record shows the cause in the last act.
    fn is_cause_in_last_act(&self, cause: &Cause) -> bool {
        cause
            .entry()
            .is_some_and(|entry| self.n_before_last_act <= entry.index())
    }

    fn field_causes(
        &self,
        fields: &[Difference],
        history: &[StateRevision<'_, 'r>],
    ) -> Vec<FieldCause> {
        fields
            .iter()
            .map(|field| self.field_cause(field, history))
            .collect()
    }

    /// Returns who set a field last, and where its value comes from.
    fn field_cause(&self, field: &Difference, history: &[StateRevision<'_, 'r>]) -> FieldCause {
        let setter = last_setter(field, history);
        let name = field.field_name();
        let origin = setter
            .zip(field.found.as_ref())
            .and_then(
                |(revision, found)| match (revision.event, revision.written_by) {
                    (Some(event), _)
                        if event
                            .content()
                            .is_some_and(|content| content.get(name) == Some(found)) =>
                    {
                        Some(self.origin_of(event, name, found))
                    }
                    (_, Some(call)) => Some(self.origin_in_call(call, name, found)),
                    _ => None,
                },
            );

        FieldCause {
            was_as_expected: was_as_expected_before(field, history),
            path: field.path.clone(),
            expected: field.expected.clone(),
            found: field.found.clone(),
            set_by: setter
                .and_then(|revision| revision.written_by)
                .map(|call| self.handler_call(call)),
            event: setter
                .and_then(|revision| revision.event)
                .map(|event| event.name.clone()),
            expected_field: self.expected_field(origin.as_ref(), name, field.expected.as_ref()),
            origin,
        }
    }

    /// Returns the cause that a call overwrote a state that was as expected.
    fn overwritten_state(
        &self,
        subject: &StateSubject,
        fields: &[Difference],
        history: &[StateRevision<'_, 'r>],
    ) -> Option<Cause> {
        // Without expected values, no revision is known to be as expected.
        if fields.iter().any(|field| field.expected.is_none()) {
            return None;
        }

        let is_as_expected = |revision: &StateRevision<'_, 'r>| {
            fields
                .iter()
                .all(|field| field.value_in(&revision.value) == field.expected.as_ref())
        };
        let last_expected_idx = history.iter().rposition(is_as_expected)?;
        let earlier = &history[last_expected_idx];
        let next = history.get(last_expected_idx + 1)?;

        // A given state is only the start: the acts are meant to change it. In the same way, the
        // last act is meant to change what an earlier act overwrote.
        let was_written_in_acts = earlier
            .written_by
            .is_some_and(|call| self.n_given_entries <= call.started.index());
        let overwriting_call = next.written_by?;
        if !was_written_in_acts || !overwriting_call.is_in_last_act(self) {
            return None;
        }

        Some(Cause::Overwritten {
            at: self.handler_call(overwriting_call),
            subject: subject.description(),
            is_deleted: false,
            earlier: earlier.written_by.map(|call| self.handler_call(call)),
        })
    }

    /// Returns why a message has other fields than expected.
    pub(super) fn message_difference(
        &self,
        name: &str,
        differences: &[Difference],
    ) -> Option<Cause> {
        let message = self.messages_in_acts().find(|message| {
            let has_found_fields = |content: Json| {
                differences
                    .iter()
                    .all(|field| field.value_in(&content) == field.found.as_ref())
            };
            message.name == name && message.content().is_some_and(has_found_fields)
        })?;
        let set_by = self
            .producer_of(message)
            .map(|producer| self.handler_call(producer));

        let fields = differences.iter().map(|field| {
            let name = field.field_name();
            let origin = field
                .found
                .as_ref()
                .map(|found| self.origin_of(message, name, found));

            FieldCause {
                was_as_expected: false,
                path: field.path.clone(),
                expected: field.expected.clone(),
                found: field.found.clone(),
                set_by: set_by.clone(),
                event: None,
                expected_field: self.expected_field(origin.as_ref(), name, field.expected.as_ref()),
                origin,
            }
        });

        Some(Cause::FieldsDiffer {
            subject: name.to_owned(),
            fields: fields.collect(),
        })
    }
}

/// Returns true for a call that raised other messages, if the fields were set after that call.
///
/// Such a call cannot be the reason why the fields were set.
fn is_outdated(cause: &Cause, last_set: &LastSet) -> bool {
    matches!(cause, Cause::NotRaised { instead, .. } if !instead.is_empty())
        && last_set.is_after(cause)
}

/// Splits a list: first the causes for which `is_selected` returns true, second all others.
///
/// Both lists keep the order of the causes.
fn split(causes: Vec<Cause>, is_selected: impl FnMut(&Cause) -> bool) -> (Vec<Cause>, Vec<Cause>) {
    causes.into_iter().partition(is_selected)
}

/// Returns true if the origin of a value hints at a mistake.
fn is_suspicious(field: &FieldCause) -> bool {
    match &field.origin {
        Some(ValueOrigin::Changed { .. }) => true,
        Some(ValueOrigin::TestFlow { .. }) => field.expected.is_some(),
        _ => field.expected_field.is_some(),
    }
}

/// Returns the fields that matter: those that differ, or all fields if a closure checked the state.
fn relevant_fields(
    subject: &StateSubject,
    last: Option<&StateRevision<'_, '_>>,
) -> Vec<Difference> {
    if let Requirement::Fields(differences) = &subject.requirement {
        return differences.clone();
    }

    last.and_then(|last| last.value.as_object())
        .into_iter()
        .flatten()
        .map(|(name, found)| Difference::in_field(name, None, Some(found.clone())))
        .collect()
}
