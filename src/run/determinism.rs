use flow_domain::{
    clock::Timestamp,
    record::{Entry, EntryKind, Record},
};

use crate::{
    flow::{Mismatch, Plan},
    report::{FlowFailure, StepMismatch},
    run::{Outcome, single_run::run_once},
    system::Mode,
};

/// How often a sentence is run once more. A map of two entries comes in the same order every second
/// time.
const N_RERUNS: usize = 4;

/// Runs a sentence a few times more, and fails if a run leaves another record than the first.
pub(super) async fn check_determinism(
    plan: &Plan<'_>,
    mode: Mode,
    first: Outcome,
) -> Result<Outcome, FlowFailure> {
    for _ in 0..N_RERUNS {
        let next = run_once(plan, mode, None)
            .await
            .map_err(|failure| failure.with_note("once more; the first time it passes"))?;

        if let Some(mismatch) = first_difference(first.record(), next.record()) {
            let last = plan.steps.len() - 1;
            let failed = StepMismatch::new(last, plan.steps[last].location, mismatch);
            let note =
                "once more; this is the record of the second run that differs from the first";
            return Err(FlowFailure::new(next, vec![failed]).with_note(note));
        }
    }

    Ok(first)
}

/// The first thing that differs, and who did it.
fn first_difference(first: &Record, second: &Record) -> Option<Mismatch> {
    let pairs = first.entries().iter().zip(second.entries());
    let differing = pairs
        .into_iter()
        .find(|(one, other)| one.kind != other.kind || one.cause != other.cause);
    let n_entries = (first.entries().len(), second.entries().len());
    let (one, other, record) = match differing {
        Some((one, other)) => (Some(one), Some(other), first),
        None if n_entries.0 < n_entries.1 => (None, second.entries().get(n_entries.0), second),
        None if n_entries.1 < n_entries.0 => (first.entries().get(n_entries.1), None, first),
        None => return None,
    };
    let who = handler_of(one.or(other)?, record);
    let shown = |entry: Option<&Entry>| match entry {
        Some(entry) => entry.kind.to_string(),
        None => "nothing".to_owned(),
    };
    let (one, other) = (shown(one), shown(other));
    let hint = likely_cause(&one, &other);
    let found = format!("{who} gave two results for the same message\n{hint}");
    let lines = vec![format!("first   {one}"), format!("second  {other}")];

    Some(Mismatch::new("two runs do the same", found).with_differences(lines))
}

fn handler_of(entry: &Entry, record: &Record) -> String {
    let started = |what: &EntryKind| match what {
        EntryKind::HandlerStarted { handler, .. } => Some((*handler).to_owned()),
        _ => None,
    };
    let own = started(&entry.kind);
    let mut causes = entry.cause.map(|cause| record.entry(cause)).into_iter();
    let mut above = entry
        .cause
        .into_iter()
        .flat_map(|cause| record.causes(cause));
    let found = own
        .or_else(|| causes.find_map(|cause| started(&cause.kind)))
        .or_else(|| above.find_map(|cause| started(&cause.kind)));

    found.unwrap_or_else(|| "the sentence".to_owned())
}

/// What it looks like, from the words in which the two differ.
fn likely_cause(one: &str, other: &str) -> String {
    let words = |text: &str| -> Vec<String> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-:.".contains(letter);
        text.split(|letter| !is_part(letter))
            .map(str::to_owned)
            .collect()
    };
    let (ones, others) = (words(one), words(other));
    let differing = ones.iter().zip(&others).find(|(one, other)| one != other);
    let mut sorted = (ones.clone(), others.clone());

    sorted.0.sort();
    sorted.1.sort();
    let advice = match differing {
        Some((one, other)) if is_time(one) && is_time(other) => {
            "it looks like the wall clock: `work.now()` is the time of the run"
        }
        _ if sorted.0 == sorted.1 => {
            "it looks like the order of a hash map: a `BTreeMap` or a `Vec` has the same order every time"
        }
        Some((one, other)) if is_uuid(one) && is_uuid(other) => {
            "it looks like a random id: `work.new_id()` makes one that is the same in every run"
        }
        _ => {
            "something that is not of the run decides: the clock, chance, a static, or the order of a hash map"
        }
    };

    advice.to_owned()
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.chars().filter(|letter| *letter == '-').count() == 4
}

fn is_time(word: &str) -> bool {
    word.parse::<Timestamp>().is_ok()
        // The microseconds since 1970, of this century.
        || word.len() >= 10 && word.parse::<u64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: &str) {
        let hint = likely_cause(one, other);
        assert!(hint.contains(expected), "{hint}");
    }

    #[test]
    fn hint_names_the_likely_cause() {
        check(
            r#"{"at":"2026-01-01T00:00:00Z"}"#,
            r#"{"at":"2026-01-01T00:00:01Z"}"#,
            "work.now()",
        );

        check(
            r#"{"id":"46b73e79-f0c3-4c00-98bc-9b3a9f64da94"}"#,
            r#"{"id":"778b1aa9-c29b-4868-b842-58f55889b9b8"}"#,
            "work.new_id()",
        );

        check(r#"["a","b"]"#, r#"["b","a"]"#, "BTreeMap");
        check(r#"{"n":1}"#, r#"{"n":2}"#, "not of the run");
    }
}
