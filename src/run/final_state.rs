use std::collections::{BTreeMap, BTreeSet};

use flow_domain::{
    json::Json,
    record::{EntryKind, StateChange, TableKind},
};

use crate::{
    outcome::{ActKind, ActOutcome, Outcome},
    run::allowed_difference::{AllowedDifference, Key},
    value::{MessageView, NotJson, read_json},
};

/// The final state of a run, without how the run reached it.
///
/// It must be equal in `Mode::Sync` and `Mode::Engine`.
#[derive(Debug, Default)]
pub(super) struct FinalState {
    values: BTreeMap<Key, FinalValue>,
}

#[derive(Clone, Debug, PartialEq)]
enum FinalValue {
    State(Result<Json, NotJson>),
    Events(Vec<MessageView>),
    /// Replies and errors. Their types are not known, so they are compared as text.
    Texts(Vec<String>),
}

impl FinalState {
    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
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
        let is_compared = matches!(
            change.table.kind,
            TableKind::Aggregate | TableKind::ProcessManager | TableKind::Projection
        );
        if !is_compared {
            return;
        }

        let key = Key::State(change.table, change.id.clone());
        match change.after.as_ref().map(read_json) {
            Some(after) => self.values.insert(key, FinalValue::State(after)),
            None => self.values.remove(&key),
        };
    }

    /// Adds the reply and the failures of the `nth` act.
    fn add_act(&mut self, nth: usize, act: &ActOutcome) {
        if act.kind() == ActKind::Message {
            let reply = match (act.reply(), act.error()) {
                (Some(reply), _) => format!("{reply:?}"),
                (None, Some(err)) => err.with_causes().to_string(),
                (None, None) => String::new(),
            };
            let value = FinalValue::Texts(vec![reply]);
            self.values.insert(Key::Reply(nth), value);
        }

        // Sorted, because the order of the failures is not compared.
        let mut failures: Vec<String> = act.failures().iter().map(ToString::to_string).collect();
        failures.sort();
        if !failures.is_empty() {
            let value = FinalValue::Texts(failures);
            self.values.insert(Key::Failures(nth), value);
        }
    }

    pub(super) fn has(&self, allowed: &AllowedDifference<'_>) -> bool {
        self.values.keys().any(|key| allowed.concerns(key))
    }

    /// Returns the differences between two final states, as text. `modes` names their modes.
    pub(super) fn differences(
        &self,
        modes: (&str, &str),
        other: &Self,
        allowed: &[AllowedDifference<'_>],
    ) -> Vec<String> {
        let keys: BTreeSet<&Key> = self.values.keys().chain(other.values.keys()).collect();
        let width = modes.0.len().max(modes.1.len());

        let mut differences = Vec::new();
        for key in keys {
            let [left, right] = [self, other].map(|state| state.value_without(key, allowed));
            if left != right {
                let (first, second) = modes;
                let (left, right) = (show(left.as_ref()), show(right.as_ref()));
                differences.push(format!(
                    "{key}\n  {first:<width$}  {left}\n  {second:<width$}  {right}"
                ));
            }
        }

        differences
    }

    /// Returns a value without what may differ; `None` if all of it may differ.
    fn value_without(&self, key: &Key, allowed: &[AllowedDifference<'_>]) -> Option<FinalValue> {
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

fn show(value: Option<&FinalValue>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(FinalValue::State(Ok(value))) => value.to_string(),
        Some(FinalValue::State(Err(err))) => err.to_string(),
        Some(FinalValue::Events(events)) => {
            let lines: Vec<String> = events.iter().map(MessageView::show).collect();
            lines.join(", ")
        }
        Some(FinalValue::Texts(texts)) => texts.join(", "),
    }
}
