use std::collections::BTreeMap;

use flow_domain::{
    message::Payload,
    record::{EntryKind, TableKind},
};
use serde_json::Value;

use crate::{
    expect::MessageView,
    run::{ActKind, Outcome},
};

/// How a run ended, without the way there: what two modes must have in common.
#[derive(Debug, Default)]
pub(super) struct FinalState {
    /// What there is at the end, by what it is.
    values: BTreeMap<String, FinalValue>,
}

#[derive(Debug)]
enum FinalValue {
    /// Lines in an order.
    Lines(Vec<String>),
    State(&'static str, Value),
}

impl FinalState {
    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
        let mut ending = Self::default();
        for entry in outcome.record().entries() {
            match &entry.kind {
                EntryKind::Appended(event) => {
                    let seen = MessageView::from(&*event.envelope).show();
                    ending.push_line(format!("events of {}", event.stream()), seen);
                }
                EntryKind::StateChanged(written) => {
                    let table = written.table;
                    let is_kept = matches!(
                        table.kind,
                        TableKind::Aggregate | TableKind::ProcessManager | TableKind::Projection
                    );

                    if !is_kept {
                        continue;
                    }

                    let what = format!("{} {:?}", table.name, written.id);
                    match &written.after {
                        Some(now) => {
                            let value = FinalValue::State(table.name, Payload::to_value(now));
                            ending.values.insert(what, value);
                        }
                        None => {
                            ending.values.remove(&what);
                        }
                    }
                }
                _ => {}
            }
        }

        for (idx, act) in outcome.acts().iter().enumerate() {
            let nth = idx + 1;
            if act.kind() == ActKind::Message {
                let answer = match (act.reply(), act.error()) {
                    (Some(reply), _) => format!("{reply:?}"),
                    (None, Some(err)) => err.with_causes().to_string(),
                    (None, None) => String::new(),
                };
                ending.push_line(format!("answer to act {nth}"), answer);
            }

            let mut failures: Vec<String> =
                act.failures().iter().map(ToString::to_string).collect();
            failures.sort();

            for failure in failures {
                ending.push_line(format!("failures of act {nth}"), failure);
            }
        }

        ending
    }

    fn push_line(&mut self, what: String, line: String) {
        let lines = self.values.entry(what);
        if let FinalValue::Lines(lines) = lines.or_insert_with(|| FinalValue::Lines(Vec::new())) {
            lines.push(line);
        }
    }

    /// Where two endings differ, in words; `may_differ` names what need not be the same: a type, a type
    /// with a field (`Room.updated_at`), or a whole line's title.
    pub(super) fn differences(
        &self,
        names: (&str, &str),
        other: &Self,
        may_differ: &[String],
    ) -> Vec<String> {
        let titles = self.values.keys().chain(other.values.keys());
        let mut titles: Vec<&String> = titles.collect();

        titles.sort();
        titles.dedup();
        let mut differences = Vec::new();

        for title in titles {
            let (one, two) = (self.values.get(title), other.values.get(title));
            let is_legal = may_differ
                .iter()
                .any(|name| title == name || title.split(' ').next() == Some(name));
            let (one, two) = (show(one, may_differ), show(two, may_differ));

            if one != two && !is_legal {
                let (first, second) = names;
                let width = first.len().max(second.len());
                differences.push(format!(
                    "{title}\n  {first:<width$}  {one}\n  {second:<width$}  {two}"
                ));
            }
        }

        differences
    }
}

/// Those of `may_differ` that name nothing that there is.
pub(super) fn unknown_names(
    one: &FinalState,
    other: &FinalState,
    may_differ: &[String],
) -> Vec<String> {
    let titles = || one.values.keys().chain(other.values.keys());
    let is_known = |name: &&String| {
        let of = name.split_once('.').map_or(name.as_str(), |(of, _)| of);
        titles().any(|title| title == *name || title.split(' ').next() == Some(of))
    };

    may_differ
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect()
}

fn show(kept: Option<&FinalValue>, may_differ: &[String]) -> String {
    match kept {
        None => "nothing".to_owned(),
        Some(FinalValue::Lines(lines)) => lines.join(", "),
        Some(FinalValue::State(name, value)) => {
            let mut value = value.clone();
            if let Value::Object(fields) = &mut value {
                for path in may_differ {
                    if let Some((of, field)) = path.split_once('.')
                        && of == *name
                    {
                        fields.remove(field);
                    }
                }
            }

            value.to_string()
        }
    }
}
