use flow_domain::{
    record::{Invariant, InvariantViolation},
    runtime::StaleRow,
};
use serde_json::Value;

use crate::{
    flow::Mismatch,
    report::{cut_middle, differences, first_few, show_stored},
    run::invariants::debug_diff::{FieldDiff, diff_debug_text},
};

/// Who wrote a row last, and because of what.
pub(super) struct RowWriter {
    pub(super) handler: &'static str,
    pub(super) event: Option<String>,
    /// An event that it handled more than once, and how often.
    pub(super) repeated_event: Option<(String, usize)>,
}

/// Puts into words that a message, state or aggregate broke a law; `who` says who made it so.
pub(crate) fn violation_mismatch(broken: &InvariantViolation, who: &str) -> Mismatch {
    let by = &broken.violated_by;
    let again = match &broken.restored {
        Ok(again) => again,
        Err(err) => {
            let found = match broken.invariant {
                Invariant::Fold => format!("{by}, {who}, cannot be folded from its events"),
                _ => format!("{by}, {who}, cannot be read back"),
            };
            let lines = vec![err.clone(), opt_out_hint(broken.invariant)];
            return Mismatch::new(expected_text(broken.invariant), found).with_differences(lines);
        }
    };
    let differing = diff_debug_text(&broken.live, again);
    let (found, joined) = match broken.invariant {
        Invariant::Fold => ("is not what its events make of it", "folded"),
        _ => ("comes back as something else", "comes back as"),
    };
    let mut lines = difference_lines(&differing, joined);

    lines.push(match broken.invariant {
        Invariant::Fold => {
            "Change it in `apply`, not beside it: only its events are kept".to_owned()
        }
        _ => round_trip_hint(broken, &differing),
    });

    lines.push(opt_out_hint(broken.invariant));
    let found = format!("{by}, {who}, {found}");

    Mismatch::new(expected_text(broken.invariant), found).with_differences(lines)
}

const PROJECTOR_INPUTS_HINT: &str = "A projector knows its rows and the event, and nothing else: \
     not the clock (`rows.event_time()`),\nnot what it remembers itself, and not in which order streams come";

/// Puts into words that rows of one projection are not what its events make of them.
pub(super) fn stale_rows_mismatch(
    first: &StaleRow,
    writer: Option<&RowWriter>,
    others: &[&StaleRow],
) -> Mismatch {
    let row = format!("{} {:?}", first.table.name, first.id);
    let again = writer.and_then(|writer| writer.repeated_event.as_ref());
    let writer = writer.map(|RowWriter { handler, event, .. }| match event {
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
                Some(value) => cut_middle(value.to_string()),
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
        None => PROJECTOR_INPUTS_HINT.to_owned(),
    });

    lines.push(opt_out_hint(Invariant::Rebuild));
    Mismatch::new(expected_text(Invariant::Rebuild), found).with_differences(lines)
}

/// Puts into words that a projector failed on events that it handled before.
pub(super) fn rebuild_failure_mismatch(failures: &[String]) -> Mismatch {
    let mut lines = failures.to_vec();
    lines.push(opt_out_hint(Invariant::Rebuild));
    let found = "a projector that handled an event fails on it when it is rebuilt";
    Mismatch::new(expected_text(Invariant::Rebuild), found).with_differences(lines)
}

fn expected_text(law: Invariant) -> String {
    let text = match law {
        Invariant::RoundTrip => "what is serialised comes back equal",
        Invariant::Fold => "an event-sourced aggregate is what its events make of it",
        _ => "a projection that is rebuilt from all events is the same",
    };
    format!("{text} (the law `{law}`)")
}

fn opt_out_hint(law: Invariant) -> String {
    let name = match law {
        Invariant::RoundTrip => "RoundTrip",
        Invariant::Fold => "Fold",
        _ => "Rebuild",
    };
    format!("If it is meant so, say why: `.without_law(flow_harness::Law::{name}, \"..\")`")
}

fn round_trip_hint(broken: &InvariantViolation, differing: &[FieldDiff]) -> String {
    let written = broken.serialized.as_ref().map_or("", |one| one.as_json());
    let is_lost = |one: &&FieldDiff| {
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

fn difference_lines(differing: &[FieldDiff], joined: &str) -> Vec<String> {
    let width = differing
        .iter()
        .map(|one| one.path.chars().count())
        .max()
        .unwrap_or(0);

    let lines = differing.iter().map(
        |FieldDiff {
             path,
             left: one,
             right: other,
         }| {
            let line = format!("{path:<width$}  is {one}, {joined} {other}");
            line.trim_start().to_owned()
        },
    );

    lines.collect()
}
