use std::iter;

use crate::{
    expect::Mismatch,
    outcome::Outcome,
    plan::Plan,
    report::{FailedStep, FlowFailure, StepMismatch},
    run::{
        allowed_difference::{AllowedDifference, Key},
        final_state::FinalState,
        record_difference::RecordDifference,
        run_config::RunConfig,
        single_run::run_once,
    },
    system::{BackendChoice, StoredValue},
};

/// Runs a flow once more, on the backend `other`, and fails if anything differs from the first run.
///
/// A flow that fails for another reason stays a failure, which then names the difference, too.
pub(super) async fn compare_backends(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
    other: &BackendChoice,
    first: Result<Box<Outcome>, FlowFailure>,
) -> Result<Box<Outcome>, FlowFailure> {
    let Some(first_outcome) = outcome_of(&first) else {
        return first;
    };

    let names = names(config.backend, other);
    let config = RunConfig {
        backend: other,
        ..config
    };
    let next = run_once(plan, config, None).await;
    let difference = match outcome_of(&next) {
        Some(next_outcome) => difference(plan, &names, first_outcome, next_outcome).await,
        None => None,
    };

    let at_end = |mismatch| StepMismatch::at_end(plan, mismatch);
    let [left, right] = &names;
    match (first, next) {
        (Ok(first), Ok(next)) => match difference {
            None => Ok(first),
            Some(difference) => Err(FlowFailure::new(next, vec![at_end(difference)], None)
                .with_backend_difference(format!(
                    "on {left} and on {right}; the record is from {right}"
                ))),
        },
        (Ok(_), Err(failure)) => Err(failure
            .with_mismatches(difference.map(at_end))
            .with_backend_difference(format!("on {right}; on {left} the flow passes"))),
        (Err(failure), Ok(_)) => Err(failure
            .with_mismatches(difference.map(at_end))
            .with_backend_difference(format!("on {left}; on {right} the flow passes"))),
        (Err(failure), Err(next)) => {
            match difference.or_else(|| other_failure(right, &failure, &next)) {
                None => Err(failure),
                Some(difference) => Err(failure
                    .with_mismatches([at_end(difference)])
                    .with_backend_difference(format!("on {left}; on {right} it fails otherwise"))),
            }
        }
    }
}

/// Returns the outcome of a run. A flow that cannot run has none.
fn outcome_of(run: &Result<Box<Outcome>, FlowFailure>) -> Option<&Outcome> {
    match run {
        Ok(outcome) => Some(outcome),
        Err(failure) => failure.outcome(),
    }
}

/// Returns how reports name two backends.
fn names(first: &BackendChoice, second: &BackendChoice) -> [String; 2] {
    let names = [first.name(), second.name()];
    if names[0] == names[1] {
        [format!("{} 1", names[0]), format!("{} 2", names[1])]
    } else {
        names.map(str::to_owned)
    }
}

/// Returns what differs between two runs, if anything does.
async fn difference(
    plan: &Plan<'_>,
    names: &[String; 2],
    first: &Outcome,
    second: &Outcome,
) -> Option<Mismatch> {
    let texts = plan.allowed_differences.iter();
    let allowed: Vec<AllowedDifference<'_>> =
        texts.map(|text| AllowedDifference::parse(text)).collect();
    let allowed: Vec<&AllowedDifference<'_>> = allowed.iter().collect();

    let [left, right] = [first, second].map(FinalState::from_outcome);
    let mut differences = left.differences((&names[0], &names[1]), &right, &allowed);
    if differences.is_empty() {
        differences.extend(stored_difference(names, &allowed, first, second).await);
    }
    // What may differ is in the record, too.
    if !differences.is_empty() || allowed.is_empty() {
        let difference = RecordDifference::find(first.record(), second.record());
        let difference = difference.map(|difference| {
            let title = format!("first in the record, by {}", difference.handler());
            show_difference(&title, names, &difference.show())
        });
        // It is the earliest one.
        differences.splice(0..0, difference);
    }

    let found = match differences.len() {
        0 => return None,
        1 => "1 difference; if the test expects it, add `.allow_difference(..)`".to_owned(),
        n => format!("{n} differences; if the test expects them, add `.allow_difference(..)`"),
    };
    Some(Mismatch::new("both backends give the same result", found).with_differences(differences))
}

/// Returns the first value that two stores do not both have.
async fn stored_difference(
    names: &[String; 2],
    allowed: &[&AllowedDifference<'_>],
    first: &Outcome,
    second: &Outcome,
) -> Option<String> {
    let is_compared = |value: &StoredValue| {
        let key = match value {
            StoredValue::Event(event) => Key::Events(event.stream().clone()),
            StoredValue::State { table, id, .. } => Key::State(*table, id.clone()),
            StoredValue::Outgoing(_) | StoredValue::Ledger { .. } => return true,
        };
        !allowed.iter().any(|allowed| allowed.concerns(&key))
    };
    let left = first.system().stored_values().await;
    let right = second.system().stored_values().await;
    let (left, right) = match (left, right) {
        (Ok(left), Ok(right)) => (left, right),
        // A store that fails has failed both runs already.
        (Err(_), Err(_)) => return None,
        (left, right) => {
            let results = [left, right].map(|values| match values {
                Ok(values) => format!("{} values", values.len()),
                Err(err) => err.with_causes().to_string(),
            });
            return Some(show_difference("what is stored", names, &results));
        }
    };

    let [left, right] =
        [left, right].map(|values| values.into_iter().filter(is_compared).collect::<Vec<_>>());
    let n_equal = iter::zip(&left, &right)
        .take_while(|(left, right)| left == right)
        .count();
    let texts = first_values(&left[n_equal..], &right[n_equal..])?.map(|value| match value {
        Some(value) => value.to_string(),
        None => "nothing".to_owned(),
    });
    Some(show_difference("what is stored", names, &texts))
}

/// Returns the first value of each store. `None` is for one that is only in the other store.
fn first_values<'v>(
    left: &'v [StoredValue],
    right: &'v [StoredValue],
) -> Option<[Option<&'v StoredValue>; 2]> {
    let is_in = |value: &StoredValue, values: &[StoredValue]| {
        values.iter().any(|other| other.has_place_of(value))
    };

    match (left.first(), right.first()) {
        (None, None) => None,
        (Some(value), Some(other)) if is_in(value, right) && is_in(other, left) => {
            Some([Some(value), Some(other)])
        }
        (Some(value), _) if !is_in(value, right) => Some([Some(value), None]),
        (_, other) => Some([None, other]),
    }
}

/// Returns a title, and what each backend has, as the differences of two modes are shown.
fn show_difference(title: &str, names: &[String; 2], texts: &[String; 2]) -> String {
    let width = names[0].len().max(names[1].len());
    let lines = names.iter().zip(texts);
    let lines: Vec<String> = lines
        .map(|(name, text)| format!("\n  {name:<width$}  {text}"))
        .collect();

    format!("{title}{}", lines.concat())
}

/// Returns the first failed step of the second run that the first one does not have.
fn other_failure(name: &str, first: &FlowFailure, second: &FlowFailure) -> Option<Mismatch> {
    let is_equal = |left: &FailedStep, right: &FailedStep| {
        let [left, right] = [left, right].map(|failed| {
            let Mismatch {
                expected,
                found,
                differences,
                ..
            } = &failed.mismatch;
            (failed.step, expected, found, differences)
        });
        left == right
    };
    let (left, right) = (first.failed_steps(), second.failed_steps());
    let n_equal = left
        .iter()
        .zip(right)
        .take_while(|(left, right)| is_equal(left, right))
        .count();
    if n_equal == left.len() && n_equal == right.len() {
        return None;
    }

    let found = match right.get(n_equal) {
        Some(failed) => format!(
            "on {name}, step {} expects {} and finds {}",
            failed.step, failed.mismatch.expected, failed.mismatch.found
        ),
        None => format!("on {name}, only {n_equal} of {} steps fail", left.len()),
    };
    Some(Mismatch::new("both backends fail alike", found))
}
