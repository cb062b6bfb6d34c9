use std::collections::BTreeMap;

use flow_domain::{
    message::Payload,
    record::{Happening, TableKind},
};
use serde_json::Value;

use crate::{
    expect::Seen,
    run::{ActKind, Outcome},
};

/// How a run ended, without the way there: what two modes must have in common.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// What there is at the end, by what it is.
    kept: BTreeMap<String, Kept>,
}

#[derive(Debug)]
enum Kept {
    /// Lines in an order.
    Lines(Vec<String>),
    Value(&'static str, Value),
}

impl Ending {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let mut ending = Self::default();
        for entry in outcome.record().entries() {
            match &entry.what {
                Happening::Appended(event) => {
                    let seen = Seen::from(&*event.envelope).show();
                    ending.line(format!("events of {}", event.stream()), seen);
                }
                Happening::Written(written) => {
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
                            let value = Kept::Value(table.name, Payload::to_value(now));
                            ending.kept.insert(what, value);
                        }
                        None => {
                            ending.kept.remove(&what);
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
                ending.line(format!("answer to act {nth}"), answer);
            }
            let mut failures: Vec<String> =
                act.failures().iter().map(ToString::to_string).collect();
            failures.sort();
            for failure in failures {
                ending.line(format!("failures of act {nth}"), failure);
            }
        }
        ending
    }

    fn line(&mut self, what: String, line: String) {
        let lines = self.kept.entry(what);
        if let Kept::Lines(lines) = lines.or_insert_with(|| Kept::Lines(Vec::new())) {
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
        let titles = self.kept.keys().chain(other.kept.keys());
        let mut titles: Vec<&String> = titles.collect();
        titles.sort();
        titles.dedup();
        let mut differences = Vec::new();
        for title in titles {
            let (one, two) = (self.kept.get(title), other.kept.get(title));
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
pub(super) fn unknown_names(one: &Ending, other: &Ending, may_differ: &[String]) -> Vec<String> {
    let titles = || one.kept.keys().chain(other.kept.keys());
    let is_known = |name: &&String| {
        let of = name.split_once('.').map_or(name.as_str(), |(of, _)| of);
        titles().any(|title| title == *name || title.split(' ').next() == Some(of))
    };
    let unknown = may_differ.iter().filter(|name| !is_known(name));
    unknown.cloned().collect()
}

fn show(kept: Option<&Kept>, may_differ: &[String]) -> String {
    match kept {
        None => "nothing".to_owned(),
        Some(Kept::Lines(lines)) => lines.join(", "),
        Some(Kept::Value(name, value)) => {
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
