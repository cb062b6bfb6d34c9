use std::collections::{BTreeMap, BTreeSet};

use flow_domain::{
    message::Payload,
    record::{EntryKind, StateChange, TableKind},
};
use serde_json::Value;

use crate::{
    outcome::{ActKind, ActOutcome, Outcome},
    value::MessageView,
};

/// The final state of a run, without how the run reached it.
///
/// It must be equal in `Mode::Sync` and `Mode::Engine`.
#[derive(Debug, Default)]
pub(super) struct FinalState {
    /// The values at the end, by title, for example `events of order-7` or `Room "7"`.
    values: BTreeMap<String, FinalValue>,
}

#[derive(Debug)]
enum FinalValue {
    /// Events, replies or failures, in order.
    Lines(Vec<String>),
    /// The name of a type, which is also that of its table, and a stored state.
    State(&'static str, Value),
}

impl FinalState {
    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
        let mut state = Self::default();
        for entry in outcome.record().entries() {
            match &entry.kind {
                EntryKind::Appended(event) => {
                    let shown = MessageView::from(&*event.envelope).show();
                    state.push_line(format!("events of {}", event.stream()), shown);
                }
                EntryKind::StateChanged(change) => state.apply_change(change),
                _ => {}
            }
        }

        for (idx, act) in outcome.acts().iter().enumerate() {
            state.push_act(idx + 1, act);
        }

        state
    }

    /// Stores or removes the state of an aggregate, process manager or projection.
    ///
    /// Other tables are not compared.
    fn apply_change(&mut self, change: &StateChange) {
        let table = change.table;
        let is_compared = matches!(
            table.kind,
            TableKind::Aggregate | TableKind::ProcessManager | TableKind::Projection
        );
        if !is_compared {
            return;
        }

        let title = format!("{} {:?}", table.name, change.id);
        match &change.after {
            Some(after) => {
                let value = FinalValue::State(table.name, Payload::to_value(after));
                self.values.insert(title, value);
            }
            None => {
                self.values.remove(&title);
            }
        }
    }

    /// Adds the reply and the failures of the `nth` act.
    fn push_act(&mut self, nth: usize, act: &ActOutcome) {
        if act.kind() == ActKind::Message {
            let reply = match (act.reply(), act.error()) {
                (Some(reply), _) => format!("{reply:?}"),
                (None, Some(err)) => err.with_causes().to_string(),
                (None, None) => String::new(),
            };
            self.push_line(format!("answer to act {nth}"), reply);
        }

        // Sorted, because the order of the failures is not compared.
        let mut failures: Vec<String> = act.failures().iter().map(ToString::to_string).collect();
        failures.sort();
        for failure in failures {
            self.push_line(format!("failures of act {nth}"), failure);
        }
    }

    fn push_line(&mut self, title: String, line: String) {
        let value = self
            .values
            .entry(title)
            .or_insert_with(|| FinalValue::Lines(Vec::new()));
        if let FinalValue::Lines(lines) = value {
            lines.push(line);
        }
    }

    /// Returns the differences between two final states, as text. `modes` names their modes.
    ///
    /// `allowed` names what may differ: a type, a field of a type (`Room.updated_at`), or a title.
    pub(super) fn differences(
        &self,
        modes: (&str, &str),
        other: &Self,
        allowed: &[String],
    ) -> Vec<String> {
        let titles: BTreeSet<&String> = self.values.keys().chain(other.values.keys()).collect();

        let mut differences = Vec::new();
        for title in titles {
            let (left, right) = (self.values.get(title), other.values.get(title));
            let (left, right) = (show(left, allowed), show(right, allowed));
            // The title of a state begins with its type.
            let is_allowed = allowed
                .iter()
                .any(|name| title == name || title.split(' ').next() == Some(name));
            if left != right && !is_allowed {
                let (first, second) = modes;
                let width = first.len().max(second.len());
                differences.push(format!(
                    "{title}\n  {first:<width$}  {left}\n  {second:<width$}  {right}"
                ));
            }
        }

        differences
    }
}

/// Returns the names in `allowed` that match nothing in either final state.
///
/// Of `Room.updated_at`, it checks only the type.
pub(super) fn unknown_names(
    left: &FinalState,
    right: &FinalState,
    allowed: &[String],
) -> Vec<String> {
    let titles = || left.values.keys().chain(right.values.keys());
    let is_known = |name: &&String| {
        let type_name = name
            .split_once('.')
            .map_or(name.as_str(), |(type_name, _)| type_name);
        titles().any(|title| title == *name || title.split(' ').next() == Some(type_name))
    };

    allowed
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect()
}

/// Shows a value without the fields that may differ.
fn show(value: Option<&FinalValue>, allowed: &[String]) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(FinalValue::Lines(lines)) => lines.join(", "),
        Some(FinalValue::State(table, value)) => {
            let mut value = value.clone();
            if let Value::Object(fields) = &mut value {
                for path in allowed {
                    if let Some((type_name, field)) = path.split_once('.')
                        && type_name == *table
                    {
                        fields.remove(field);
                    }
                }
            }

            value.to_string()
        }
    }
}
