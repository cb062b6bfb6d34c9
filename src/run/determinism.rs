use flow_domain::{
    clock::Timestamp,
    record::{Entry, EntryKind, Record},
};

use crate::{
    expect::Mismatch,
    outcome::Outcome,
    plan::Plan,
    report::{FlowFailure, StepMismatch},
    run::single_run::run_once,
    system::Mode,
};

/// The number of extra runs. One extra run would not be enough. A hash map of two
/// entries has the same order again in about half of the runs.
const N_RERUNS: usize = 4;

/// Runs a flow a few more times, and fails if a record differs from that of the first run.
pub(super) async fn check_determinism(
    plan: &Plan<'_>,
    mode: Mode,
    first: Outcome,
) -> Result<Outcome, FlowFailure> {
    for _ in 0..N_RERUNS {
        let next = run_once(plan, mode, None)
            .await
            .map_err(|failure| failure.with_note("in a repeated run; the first run passes"))?;

        if let Some(mismatch) = first_difference(first.record(), next.record()) {
            let last = plan.steps.len() - 1;
            let failure = StepMismatch::new(last, plan.steps[last].location, mismatch);
            let note = "in a repeated run that differs from the first; \
                        the record is from the repeated run";
            return Err(FlowFailure::new(next, vec![failure], None).with_note(note));
        }
    }

    Ok(first)
}

/// Returns the first entry that differs, and the handler that caused it, as a mismatch.
fn first_difference(first: &Record, second: &Record) -> Option<Mismatch> {
    let differing = first
        .entries()
        .iter()
        .zip(second.entries())
        .find(|(left, right)| left.kind != right.kind || left.cause != right.cause);
    let (n_first, n_second) = (first.entries().len(), second.entries().len());
    let (left, right, record) = match differing {
        Some((left, right)) => (Some(left), Some(right), first),
        None if n_first < n_second => (None, second.entries().get(n_first), second),
        None if n_second < n_first => (first.entries().get(n_second), None, first),
        None => return None,
    };
    let handler = handler_of(left.or(right)?, record);

    let show = |entry: Option<&Entry>| match entry {
        Some(entry) => entry.kind.to_string(),
        None => "nothing".to_owned(),
    };
    let (left, right) = (show(left), show(right));
    let hint = likely_cause(&left, &right);
    let found = format!("{handler} gave two results for the same message\n{hint}");
    let lines = vec![format!("first   {left}"), format!("second  {right}")];
    Some(Mismatch::new("two runs have the same record", found).with_differences(lines))
}

/// Returns the handler of the nearest call: `entry` itself, its cause, or an earlier cause.
fn handler_of(entry: &Entry, record: &Record) -> String {
    let started = |kind: &EntryKind| match kind {
        EntryKind::HandlerStarted { handler, .. } => Some((*handler).to_owned()),
        _ => None,
    };

    started(&entry.kind)
        .or_else(|| started(&record.entry(entry.cause?).kind))
        .or_else(|| {
            record
                .causes(entry.cause?)
                .find_map(|cause| started(&cause.kind))
        })
        .unwrap_or_else(|| "the test flow".to_owned())
}

/// Guesses why two texts differ, from the first pair of words that differ.
fn likely_cause(left: &str, right: &str) -> String {
    let words = |text: &str| -> Vec<String> {
        let is_word_part = |letter: char| letter.is_ascii_alphanumeric() || "-:.".contains(letter);
        text.split(|letter| !is_word_part(letter))
            .map(str::to_owned)
            .collect()
    };
    let (mut left, mut right) = (words(left), words(right));
    let differing = left
        .iter()
        .zip(&right)
        .find(|(left, right)| left != right)
        .map(|(left, right)| (left.clone(), right.clone()));

    // The same words in another order point to a hash map.
    left.sort();
    right.sort();
    let is_reordered = left == right;

    let advice = match &differing {
        Some((left, right)) if is_time(left) && is_time(right) => {
            "the time probably comes from the wall clock: use `work.now()`, the time of the run"
        }
        _ if is_reordered => {
            "the order probably comes from a hash map: use a `BTreeMap` or a `Vec`"
        }
        Some((left, right)) if is_uuid(left) && is_uuid(right) => {
            "the id is probably random: use `work.new_id()`, which returns the same id in every run"
        }
        _ => {
            "the result depends on something outside the run: the clock, a random value, a static, or the order of a hash map"
        }
    };
    advice.to_owned()
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.chars().filter(|letter| *letter == '-').count() == 4
}

fn is_time(word: &str) -> bool {
    word.parse::<Timestamp>().is_ok()
        // Or a number long enough for a Unix timestamp of this century.
        || word.len() >= 10 && word.parse::<u64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: &str) {
        let hint = likely_cause(left, right);

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
        check(r#"{"n":1}"#, r#"{"n":2}"#, "outside the run");
    }
}
