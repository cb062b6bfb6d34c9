use flow_domain::{
    message::{Payload, Recorded},
    record::{EntryId, Happening},
    runtime::Kept,
};
use serde_json::Value;

use crate::why::{
    FieldCause, Nearness, Origin, Verdict,
    absent::NotTold,
    facts::{Facts, Handling, Message},
    sought::{Difference, SoughtKept, Want},
};

/// Folds events into the state of an aggregate, as JSON.
pub(super) type Fold<'a> = &'a dyn Fn(Kept, &[Recorded]) -> Option<Payload>;

/// What something was at one time, and who made it so.
struct State<'f, 'r> {
    value: Value,
    by: Option<&'f Handling<'r>>,
    /// The event that made it so, if it is folded from events.
    event: Option<&'f Message<'r>>,
}

/// Why something that is kept is not as it was expected.
impl<'r> Facts<'r> {
    pub(super) fn differs(&self, sought: &SoughtKept, fold: Fold<'_>) -> Vec<Verdict> {
        let states = self.states(sought, fold);
        let wanted = wanted(sought, states.last());
        let causes: Vec<FieldCause> = wanted.iter().map(|one| self.cause(one, &states)).collect();
        let fields_differ = || Verdict::FieldsDiffer {
            subject: sought.subject(),
            fields: causes.clone(),
        };
        let is_suspicious = |cause: &FieldCause| match &cause.origin {
            Some(Origin::Changed { .. }) => true,
            Some(Origin::Sentence { .. }) => cause.expected.is_some(),
            _ => cause.right_field.is_some(),
        };
        let was_set_in_last_act = wanted.iter().any(|one| {
            let setter = last_setter(&one.path, &states).and_then(|state| state.by);
            setter.is_some_and(|setter| setter.is_of_last_act(self))
        });
        let NotTold {
            unheard,
            heard,
            answers,
            left_out,
            unread,
        } = self.not_subscribed(sought, false);
        // What came after that by which it was set last, and is about it, may be what was to change it.
        let setters = wanted.iter();
        let setters = setters.filter_map(|one| last_setter(&one.path, &states));
        let last_set = setters.filter_map(|state| self.cause_of(state)).max();
        let is_later = |one: &Verdict| {
            let entry = one.entry();
            entry.is_some_and(|entry| last_set.is_none_or(|last_set| last_set < entry))
        };
        let (later, heard): (Vec<_>, Vec<_>) = heard.into_iter().partition(is_later);
        let answers = answers.into_iter().filter(is_later);
        let left_out = left_out.into_iter().filter(is_later);
        let unread = unread.into_iter().filter(is_later);

        let (mut verdicts, scheduled) = self.trouble_of_writers(sought);
        let wrote_nothing = self.wrote_nothing(sought).into_iter();
        let (looked_elsewhere, idle): (Vec<_>, Vec<_>) =
            wrote_nothing.partition(|one| matches!(one, Verdict::WrongKey { .. }));
        verdicts.extend(looked_elsewhere);
        // Who was called last about it, and left it as it was.
        let is_last = |one: &Verdict| {
            let entry = one.entry();
            entry.is_some_and(|entry| {
                self.n_before_last_act <= entry.index()
                    && last_set.is_none_or(|last_set| last_set < entry)
            })
        };
        let idle = idle.into_iter().filter(is_last);
        // It was to change this one, and changed another.
        verdicts.extend(
            self.wrote_other(sought, self.n_given)
                .into_iter()
                .filter(|other| match other {
                    Verdict::WrongKey { .. } => true,
                    Verdict::WroteOther { nearness, .. } => {
                        matches!(nearness, Nearness::Carried(_))
                    }
                    _ => false,
                }),
        );
        let setters = wanted.iter();
        let setters = setters.filter_map(|one| last_setter(&one.path, &states)?.by);
        verdicts.extend(setters.filter_map(|by| self.handled_again(by)));
        verdicts.extend(self.overwritten(sought, &wanted, &states));
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
        let (told, guessed) = self.missing_messages(sought);
        // What was done otherwise before it was set last is no reason why it was set so.
        let is_earlier = |one: &Verdict| {
            matches!(one, Verdict::RaisedNothing { instead, .. } if !instead.is_empty())
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
    fn states<'f>(&'f self, sought: &'f SoughtKept, fold: Fold<'_>) -> Vec<State<'f, 'r>> {
        let Some(id) = &sought.id else {
            return Vec::new();
        };
        let Some(category) = sought.stream_category else {
            let writes = self.writes_of(Self::table(sought), id);
            let written = writes.filter_map(|(by, written)| {
                Some(State {
                    value: written.after.as_ref()?.to_value(),
                    by: Some(by),
                    event: None,
                })
            });
            return written.collect();
        };
        let mut history: Vec<Recorded> = Vec::new();
        let mut states = Vec::new();
        for message in self.messages.iter().filter(|one| one.is_event()) {
            let stream = &message.envelope.metadata.stream;
            let appended = message.kept.map(|entry| &self.record.entry(entry).what);
            if (stream.category(), stream.id()) != (category, id) || message.category() != category
            {
                continue;
            }
            if let Some(Happening::Appended(event)) = appended {
                history.push(event.clone());
            }
            if let Some(value) = fold(sought.kept, &history) {
                states.push(State {
                    value: value.to_value(),
                    by: self.handling_of(message),
                    event: Some(message),
                });
            }
        }
        states
    }

    /// The entry at which the message came to be by which it was made so.
    fn cause_of(&self, state: &State<'_, 'r>) -> Option<EntryId> {
        let message = match state.event {
            Some(event) => event,
            None => self.message_of(state.by?)?,
        };
        message.kept
    }

    /// Who set a field last, and where its value is from.
    fn cause(&self, wanted: &Difference, states: &[State<'_, 'r>]) -> FieldCause {
        let setter = last_setter(&wanted.path, states);
        let origin = setter.zip(wanted.found.as_ref());
        let origin = origin.and_then(|(state, found)| {
            let field = leaf(&wanted.path);
            match (state.event, state.by) {
                (Some(event), _) if event.content().get(field) == Some(found) => {
                    Some(self.origin_of(event, field, found))
                }
                (_, Some(by)) => Some(self.origin_in(by, field, found)),
                _ => None,
            }
        });
        FieldCause {
            was_right: was_right(wanted, states),
            path: wanted.path.clone(),
            expected: wanted.expected.clone(),
            found: wanted.found.clone(),
            set_by: setter.and_then(|state| state.by.map(|by| self.place(by))),
            event: setter.and_then(|state| state.event.map(|event| event.name.clone())),
            right_field: self.right_field(
                origin.as_ref(),
                leaf(&wanted.path),
                wanted.expected.as_ref(),
            ),
            origin,
        }
    }

    /// It was as expected before somebody wrote over it.
    fn overwritten(
        &self,
        sought: &SoughtKept,
        wanted: &[Difference],
        states: &[State<'_, 'r>],
    ) -> Option<Verdict> {
        if wanted.iter().any(|one| one.expected.is_none()) {
            return None;
        }
        let is_as_wanted = |state: &State<'_, 'r>| {
            let mut wanted = wanted.iter();
            wanted.all(|one| at(&state.value, &one.path) == one.expected.as_ref())
        };
        let earlier = states.iter().rposition(is_as_wanted)?;
        let over = states.get(earlier + 1)?;
        let was_acted = |state: &State<'_, 'r>| {
            state
                .by
                .is_some_and(|by| self.n_given <= by.started.index())
        };
        // What was given is the beginning, and not what the acts were to leave.
        if !was_acted(&states[earlier]) {
            return None;
        }
        Some(Verdict::Overwritten {
            at: self.place(over.by?),
            subject: sought.subject(),
            is_deleted: false,
            earlier: states[earlier].by.map(|by| self.place(by)),
        })
    }

    /// Why a message has other fields than expected.
    pub(super) fn message_differs(
        &self,
        name: &str,
        differences: &[Difference],
    ) -> Option<Verdict> {
        let mut messages = self.acted_messages().filter(|one| {
            let content = one.content();
            let mut differences = differences.iter();
            one.name == name && differences.all(|one| at(&content, &one.path) == one.found.as_ref())
        });
        let message = messages.next()?;
        let fields = differences.iter().map(|one| {
            let field = leaf(&one.path);
            let origin = one.found.as_ref();
            let origin = origin.map(|found| self.origin_of(message, field, found));
            FieldCause {
                was_right: false,
                path: one.path.clone(),
                expected: one.expected.clone(),
                found: one.found.clone(),
                set_by: self.handling_of(message).map(|by| self.place(by)),
                event: None,
                right_field: self.right_field(origin.as_ref(), field, one.expected.as_ref()),
                origin,
            }
        });
        Some(Verdict::FieldsDiffer {
            subject: name.to_owned(),
            fields: fields.collect(),
        })
    }
}

/// The fields that matter: those that differ, or all if only a closure knows.
fn wanted(sought: &SoughtKept, last: Option<&State<'_, '_>>) -> Vec<Difference> {
    if let Want::Fields(differences) = &sought.want {
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
fn last_setter<'s, 'f, 'r>(path: &str, states: &'s [State<'f, 'r>]) -> Option<&'s State<'f, 'r>> {
    let last = at(&states.last()?.value, path);
    let n_same = states
        .iter()
        .rev()
        .take_while(|state| at(&state.value, path) == last);
    n_same.last()
}

/// Whether a field was as expected until it was set last.
fn was_right(wanted: &Difference, states: &[State<'_, '_>]) -> bool {
    let Some(expected) = &wanted.expected else {
        return false;
    };
    let last = states.last().and_then(|last| at(&last.value, &wanted.path));
    let mut earlier = states.iter().rev();
    let before = earlier.find(|state| at(&state.value, &wanted.path) != last);
    before.is_some_and(|before| at(&before.value, &wanted.path) == Some(expected))
}

/// The value at a path: `lines[1].price`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
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
fn leaf(path: &str) -> &str {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.split('[').next().unwrap_or(last)
}
