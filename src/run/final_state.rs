use std::collections::{BTreeMap, BTreeSet};

use flow_domain::{
    Error,
    handler::Reply,
    json::Json,
    record::{EntryKind, StateChange},
};

use crate::{
    outcome::{ActKind, ActOutcome, Outcome},
    run::allowed_difference::{AllowedDifference, Key},
    value::{MessageView, NotJson, read_json},
};

/// The final state of a run, without how the run reached it.
///
/// It must be equal in `Mode::Sync` and `Mode::Engine`, and on two backends.
#[derive(Debug, Default)]
pub(super) struct FinalState<'o> {
    values: BTreeMap<Key, FinalValue<'o>>,
}

#[derive(Clone, Debug, PartialEq)]
enum FinalValue<'o> {
    State(Result<Json, NotJson>),
    Events(Vec<MessageView>),
    Reply(FinalReply<'o>),
    /// The error of the command of an act.
    Error(FinalError),
    /// Sorted, because the order of the failures is not compared.
    Failures(Vec<FinalFailure<'o>>),
}

/// A reply. Two replies without `PartialEq` count as equal.
#[derive(Clone, Debug)]
struct FinalReply<'o>(&'o Reply);

impl PartialEq for FinalReply<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.try_eq(other.0) != Some(false)
    }
}

/// An error. All that is known of the error type of a user is its message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FinalError {
    is_rejection: bool,
    /// The message of the error, with those of its causes.
    message: String,
}

impl From<&Error> for FinalError {
    fn from(err: &Error) -> Self {
        Self {
            is_rejection: err.is_rejection(),
            message: err.with_causes().to_string(),
        }
    }
}

/// A handler that failed on a message, or rejected a command later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FinalFailure<'o> {
    handler: Option<&'static str>,
    message: &'o str,
    is_rejected_command: bool,
    error: FinalError,
}

impl FinalValue<'_> {
    /// Returns the names of the fields of a state.
    fn fields(&self) -> impl Iterator<Item = &str> {
        let fields = match self {
            Self::State(Ok(Json::Object(fields))) => Some(fields),
            _ => None,
        };
        fields
            .into_iter()
            .flat_map(|fields| fields.keys())
            .map(String::as_str)
    }
}

impl<'o> FinalState<'o> {
    pub(super) fn from_outcome(outcome: &'o Outcome) -> Self {
        let mut state = Self::default();
        for entry in outcome.record().entries() {
            match &entry.kind {
                EntryKind::Appended(event) => {
                    let stream = state.values.entry(Key::Events(event.stream().clone()));
                    if let FinalValue::Events(events) = stream.or_insert(FinalValue::Events(vec![]))
                    {
                        let labels = outcome.record().labels();
                        events.push(MessageView::new(&event.envelope, labels));
                    }
                }
                EntryKind::StateChanged(change) => state.apply_change(change),
                _ => {}
            }
        }

        for (idx, act) in outcome.acts().iter().enumerate() {
            state.add_act(idx + 1, act);
        }

        state
    }

    /// Stores or removes the state of an aggregate, process manager or projection.
    ///
    /// Other tables are not compared.
    fn apply_change(&mut self, change: &StateChange) {
        if !change.table.kind.has_user_data() {
            return;
        }

        let key = Key::State(change.table, change.id.clone());
        match change.after.as_ref().map(read_json) {
            Some(after) => self.values.insert(key, FinalValue::State(after)),
            None => self.values.remove(&key),
        };
    }

    /// Adds the reply and the failures of the `nth` act.
    fn add_act(&mut self, nth: usize, act: &'o ActOutcome) {
        if act.kind() == ActKind::Message {
            let value = match (act.reply(), act.error()) {
                (Some(reply), _) => Some(FinalValue::Reply(FinalReply(reply))),
                (None, Some(err)) => Some(FinalValue::Error(err.into())),
                (None, None) => None,
            };
            self.values
                .extend(value.map(|value| (Key::Reply(nth), value)));
        }

        let mut failures: Vec<FinalFailure<'_>> = act
            .failures()
            .iter()
            .map(|failure| FinalFailure {
                handler: failure.handler,
                message: &failure.message,
                is_rejected_command: failure.is_rejected_command(),
                error: (&failure.error).into(),
            })
            .collect();
        failures.sort();
        if !failures.is_empty() {
            let value = FinalValue::Failures(failures);
            self.values.insert(Key::Failures(nth), value);
        }
    }

    /// Returns true if the state has what may differ.
    pub(super) fn has(&self, allowed: &AllowedDifference<'_>) -> bool {
        let mut concerned = self.values.iter().filter(|(key, _)| allowed.concerns(key));

        concerned.any(|(_, value)| match allowed {
            AllowedDifference::Field(_, field) => value.fields().any(|name| name == *field),
            _ => true,
        })
    }

    /// Returns the fields of the states that may differ.
    pub(super) fn fields<'s>(
        &'s self,
        allowed: &'s AllowedDifference<'_>,
    ) -> impl Iterator<Item = &'s str> {
        let concerned = self.values.iter().filter(|(key, _)| allowed.concerns(key));
        concerned.flat_map(|(_, value)| value.fields())
    }

    /// Returns the differences between two final states, as text. `names` are those of the two runs.
    pub(super) fn differences(
        &self,
        names: (&str, &str),
        other: &Self,
        allowed: &[&AllowedDifference<'_>],
    ) -> Vec<String> {
        let keys: BTreeSet<&Key> = self.values.keys().chain(other.values.keys()).collect();
        let width = names.0.len().max(names.1.len());

        let mut differences = Vec::new();
        for key in keys {
            let [left, right] = [self, other].map(|state| state.value_without(key, allowed));
            if left != right {
                let (first, second) = names;
                let (left, right) = (show(left.as_ref()), show(right.as_ref()));
                differences.push(format!(
                    "{key}\n  {first:<width$}  {left}\n  {second:<width$}  {right}"
                ));
            }
        }

        differences
    }

    /// Returns a value without what may differ; `None` if all of it may differ.
    fn value_without(
        &self,
        key: &Key,
        allowed: &[&AllowedDifference<'_>],
    ) -> Option<FinalValue<'o>> {
        let mut value = self.values.get(key)?.clone();

        for allowed in allowed.iter().filter(|allowed| allowed.concerns(key)) {
            let AllowedDifference::Field(_, field) = allowed else {
                return None;
            };
            if let FinalValue::State(Ok(Json::Object(fields))) = &mut value {
                fields.remove(*field);
            }
        }

        Some(value)
    }
}

fn show(value: Option<&FinalValue<'_>>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(FinalValue::State(Ok(value))) => value.to_string(),
        Some(FinalValue::State(Err(err))) => err.to_string(),
        Some(FinalValue::Events(events)) => {
            let lines: Vec<String> = events.iter().map(MessageView::show).collect();
            lines.join(", ")
        }
        Some(FinalValue::Reply(reply)) => format!("{:?}", reply.0),
        Some(FinalValue::Error(err)) => err.message.clone(),
        Some(FinalValue::Failures(failures)) => {
            let lines: Vec<String> = failures.iter().map(FinalFailure::show).collect();
            lines.join(", ")
        }
    }
}

impl FinalFailure<'_> {
    fn show(&self) -> String {
        let error = &self.error.message;
        match self.handler {
            Some(handler) if self.is_rejected_command => {
                format!("{handler} rejected {}: {error}", self.message)
            }
            Some(handler) => format!("{handler} failed on {}: {error}", self.message),
            // The error itself says that the command has no handler.
            None => error.clone(),
        }
    }
}
