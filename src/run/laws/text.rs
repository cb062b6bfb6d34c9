use flow_domain::{
    record::{BrokenLaw, Law},
    runtime::StaleRow,
};
use serde_json::Value;

use crate::{
    flow::Mismatch,
    report::{cut, differences, first_few, show_stored},
    run::laws::fields::{Differing, differing},
};

/// Who wrote a row last, and because of what.
pub(super) struct Writer {
    pub(super) handler: &'static str,
    pub(super) event: Option<String>,
    /// An event that it handled more than once, and how often.
    pub(super) again: Option<(String, usize)>,
}

/// Puts into words that a message, state or aggregate broke a law; `who` says who made it so.
pub(crate) fn broken(broken: &BrokenLaw, who: &str) -> Mismatch {
    let by = &broken.by;
    let again = match &broken.again {
        Ok(again) => again,
        Err(err) => {
            let found = match broken.law {
                Law::Fold => format!("{by}, {who}, cannot be folded from its events"),
                _ => format!("{by}, {who}, cannot be read back"),
            };
            let lines = vec![err.clone(), way_out(broken.law)];
            return Mismatch::new(expected(broken.law), found).differing(lines);
        }
    };
    let differing = differing(&broken.live, again);
    let (found, joined) = match broken.law {
        Law::Fold => ("is not what its events make of it", "folded"),
        _ => ("comes back as something else", "comes back as"),
    };
    let mut lines = told(&differing, joined);
    lines.push(match broken.law {
        Law::Fold => "Change it in `apply`, not beside it: only its events are kept".to_owned(),
        _ => hint_at_round_trip(broken, &differing),
    });
    lines.push(way_out(broken.law));
    let found = format!("{by}, {who}, {found}");
    Mismatch::new(expected(broken.law), found).differing(lines)
}

const ONLY_ROWS_AND_EVENT: &str = "A projector knows its rows and the event, and nothing else: \
     not the clock (`rows.event_time()`),\nnot what it remembers itself, and not in which order streams come";

/// Puts into words that rows of one projection are not what its events make of them.
pub(super) fn stale(first: &StaleRow, writer: Option<&Writer>, others: &[&StaleRow]) -> Mismatch {
    let row = format!("{} {:?}", first.table.name, first.id);
    let again = writer.and_then(|writer| writer.again.as_ref());
    let writer = writer.map(|Writer { handler, event, .. }| match event {
        Some(event) => format!(", last written by {handler} on {event},"),
        None => format!(", written by {handler},"),
    });
    let writer = writer.unwrap_or_default();
    let mut found = format!("{row}{writer} is not what the events make of it");
    if !others.is_empty() {
        let ids = others.iter().map(|row| format!("{:?}", row.id));
        found.push_str("\nneither is ");
        found.push_str(&first_few(ids));
    }
    let mut lines = match (&first.live, &first.rebuilt) {
        (Some(live), Some(rebuilt)) => {
            let differing = differences(&live.to_value(), &rebuilt.to_value());
            let shown = |value: &Option<Value>| match value {
                Some(value) => cut(value.to_string()),
                None => "nothing".to_owned(),
            };
            let width = differing.iter().map(|one| one.path.chars().count()).max();
            let width = width.unwrap_or(0);
            let lines = differing.iter().map(|one| {
                let (live, rebuilt) = (shown(&one.expected), shown(&one.found));
                format!("{:<width$}  is {live}, rebuilt {rebuilt}", one.path)
            });
            lines.collect()
        }
        (live, rebuilt) => {
            let shown = |row: &Option<_>| row.as_ref().map_or("nothing".to_owned(), show_stored);
            vec![
                format!("is       {}", shown(live)),
                format!("rebuilt  {}", shown(rebuilt)),
            ]
        }
    };
    lines.push(match again {
        Some((event, n)) => format!(
            "{event} came {n} times and counts once: `on.subscription().once()` lets what comes again go"
        ),
        None => ONLY_ROWS_AND_EVENT.to_owned(),
    });
    lines.push(way_out(Law::Rebuild));
    Mismatch::new(expected(Law::Rebuild), found).differing(lines)
}

/// Puts into words that a projector failed on events that it handled before.
pub(super) fn failed_again(failures: &[String]) -> Mismatch {
    let mut lines = failures.to_vec();
    lines.push(way_out(Law::Rebuild));
    let found = "a projector that handled an event fails on it when it is rebuilt";
    Mismatch::new(expected(Law::Rebuild), found).differing(lines)
}

fn expected(law: Law) -> String {
    let text = match law {
        Law::RoundTrip => "what is serialised comes back equal",
        Law::Fold => "an event-sourced aggregate is what its events make of it",
        _ => "a projection that is rebuilt from all events is the same",
    };
    format!("{text} (the law `{law}`)")
}

fn way_out(law: Law) -> String {
    let name = match law {
        Law::RoundTrip => "RoundTrip",
        Law::Fold => "Fold",
        _ => "Rebuild",
    };
    format!("If it is meant so, say why: `.without_law(flow_harness::Law::{name}, \"..\")`")
}

fn hint_at_round_trip(broken: &BrokenLaw, differing: &[Differing]) -> String {
    let written = broken.written.as_ref().map_or("", |one| one.as_json());
    let is_lost = |one: &&Differing| {
        let field = one.path.rsplit('.').next().unwrap_or_default();
        !field.is_empty() && !written.contains(&format!("\"{field}\":"))
    };
    let lost: Vec<String> = (differing.iter().filter(is_lost))
        .map(|one| format!("`{}`", one.path))
        .collect();
    if lost.is_empty() {
        return "What writes it and what reads it do not agree, or its `PartialEq` compares something else"
            .to_owned();
    }
    let lost = lost.join(", ");
    format!("{lost} is not written (`#[serde(skip)]`?): whoever reads it has the default")
}

fn told(differing: &[Differing], joined: &str) -> Vec<String> {
    let widths = differing.iter().map(|one| one.path.chars().count());
    let width = widths.max().unwrap_or(0);
    let lines = differing.iter().map(|Differing { path, one, other }| {
        let line = format!("{path:<width$}  is {one}, {joined} {other}");
        line.trim_start().to_owned()
    });
    lines.collect()
}
