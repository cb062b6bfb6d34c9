use flow_domain::{
    clock::Timestamp,
    json::{Json, Number},
    message::Payload,
    record::{EntryKind, Record},
};

use crate::{
    expect::Mismatch,
    outcome::Outcome,
    plan::Plan,
    report::{FlowFailure, StepMismatch},
    run::{record_difference::RecordDifference, run_config::RunConfig, single_run::run_once},
    value::{differences, has_same_leaves},
};

/// The number of extra runs. A hash map of two entries has the same order in all of them in one of
/// 2^30 cases.
const N_RERUNS: usize = 30;

/// Runs a flow many more times, and fails if a record differs from that of the first run.
///
/// A flow that fails for another reason stays a failure, which then names the difference, too.
pub(super) async fn check_determinism(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
    first: Result<Box<Outcome>, FlowFailure>,
) -> Result<Box<Outcome>, FlowFailure> {
    let Some(first_record) = record_of(&first) else {
        return first;
    };

    for _ in 0..n_reruns(&first, first_record) {
        let next = run_once(plan, config, None).await;
        let difference = match record_of(&next) {
            Some(record) => first_difference(first_record, record),
            None => None,
        };
        let difference = difference.map(|mismatch| StepMismatch::at_end(plan, mismatch));

        match (&first, next, difference) {
            (Err(_), _, Some(difference)) => {
                return first.map_err(|failure| failure.with_mismatches([difference]));
            }
            (Ok(_), Err(failure), difference) => {
                let note = "in a repeated run; the first run passes";
                return Err(failure.with_mismatches(difference).with_note(note));
            }
            (Ok(_), Ok(next), Some(difference)) => {
                let note = "in a repeated run that differs from the first; \
                            the record is from the repeated run";
                return Err(FlowFailure::new(next, vec![difference], None).with_note(note));
            }
            (Err(_), _, None) | (Ok(_), Ok(_), None) => {}
        }
    }

    first
}

/// Returns the number of extra runs. A flow that has failed already is repeated less often if it is long.
fn n_reruns(first: &Result<Box<Outcome>, FlowFailure>, record: &Record) -> usize {
    const MAX_ENTRIES_OF_FAILED: usize = 30_000;

    match first {
        Ok(_) => N_RERUNS,
        Err(_) => (MAX_ENTRIES_OF_FAILED / record.entries().len().max(1)).clamp(1, N_RERUNS),
    }
}

/// Returns the record of a run. A flow that cannot run has none.
fn record_of(run: &Result<Box<Outcome>, FlowFailure>) -> Option<&Record> {
    match run {
        Ok(outcome) => Some(outcome.record()),
        Err(failure) => failure.outcome().map(Outcome::record),
    }
}

/// Returns the first entry that differs, and the handler that caused it, as a mismatch.
fn first_difference(first: &Record, second: &Record) -> Option<Mismatch> {
    let difference = RecordDifference::find(first, second)?;
    // A result of a call shows that the handler differs. Anything else may have another reason.
    let perhaps = if difference.is_outside_of_calls() {
        "perhaps "
    } else {
        ""
    };

    let handler = difference.handler();
    let advice = match (difference.left, difference.right) {
        (Some(left), Some(right)) => likely_cause(&left.kind, &right.kind),
        _ => OTHER_ADVICE,
    };
    let found = format!("{perhaps}{handler} gave two results for the same message\n{advice}");
    let [left, right] = difference.show();
    let lines = vec![format!("first   {left}"), format!("second  {right}")];
    Some(Mismatch::new("two runs have the same record", found).with_differences(lines))
}

const TIME_ADVICE: &str =
    "the time probably comes from the wall clock: use `work.now()`, the time of the run";
const ID_ADVICE: &str =
    "the id is probably random: use `work.new_id()`, which returns the same id in every run";
const ORDER_ADVICE: &str = "the order probably comes from a hash map: use a `BTreeMap` or a `Vec`";
const OTHER_ADVICE: &str = "the result depends on something outside the run: \
     the clock, a random value, a static, or the order of a hash map";

/// Returns why two entries probably differ, and what to do about it.
fn likely_cause(left: &EntryKind, right: &EntryKind) -> &'static str {
    let time_of = |kind: &EntryKind| match kind {
        EntryKind::RetryScheduled(time) | EntryKind::Scheduled { due: time, .. } => Some(*time),
        _ => None,
    };
    if let (Some(left), Some(right)) = (time_of(left), time_of(right))
        && left != right
    {
        return TIME_ADVICE;
    }

    match (written_by_handler(left), written_by_handler(right)) {
        (Some((left_kind, left_id, left)), Some((right_kind, right_id, right)))
            if left_kind == right_kind =>
        {
            advice_for((left_id, left), (right_id, right))
        }
        _ => OTHER_ADVICE,
    }
}

/// Returns the category and name, the id and the content of the message, state or row of this entry.
///
/// A state or row has no category.
fn written_by_handler(kind: &EntryKind) -> Option<((&str, &str), &str, &Payload)> {
    let envelope = match kind {
        EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => command,
        EntryKind::Raised(event) => event,
        EntryKind::Appended(event) => &event.envelope,
        EntryKind::StateChanged(change) => {
            return Some((("", change.table.name), &change.id, change.after.as_ref()?));
        }
        _ => return None,
    };

    let metadata = &envelope.metadata;
    let kind = (metadata.stream.category(), metadata.message_type.name());
    Some((kind, metadata.stream.id(), &envelope.message))
}

/// Returns the advice for two values of one type. Each has an id and a content.
fn advice_for(left: (&str, &Payload), right: (&str, &Payload)) -> &'static str {
    let value_of = |(id, payload): (&str, &Payload)| {
        let content = payload.to_json().ok()?;
        Some(Json::Array(vec![Json::from(id), content]))
    };
    let (Some(left_value), Some(right_value)) = (value_of(left), value_of(right)) else {
        return OTHER_ADVICE;
    };
    // The fields of a hash map have another order only in the text.
    if left != right && has_same_leaves(&left_value, &right_value) {
        return ORDER_ADVICE;
    }

    let differences = differences(&left_value, &right_value);
    let has_two = |is_kind: fn(&Json) -> bool| {
        let is_of_kind = |value: &Option<Json>| value.as_ref().is_some_and(is_kind);
        differences
            .iter()
            .any(|difference| is_of_kind(&difference.expected) && is_of_kind(&difference.found))
    };
    if has_two(is_time) {
        TIME_ADVICE
    } else if has_two(is_uuid) {
        ID_ADVICE
    } else {
        OTHER_ADVICE
    }
}

fn is_uuid(value: &Json) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() == 36 && text.chars().filter(|letter| *letter == '-').count() == 4
    })
}

fn is_time(value: &Json) -> bool {
    match value {
        Json::String(text) => text.parse::<Timestamp>().is_ok(),
        // A Unix timestamp of this century has at least ten digits.
        Json::Number(number) => Number::from(1_000_000_000) <= *number,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: &str) {
        let [left, right] = [left, right].map(Payload::from_json);

        assert_eq!(advice_for(("7", &left), ("7", &right)), expected);
    }

    #[test]
    fn advice_names_the_likely_cause() {
        check(
            r#"{"at":"2026-01-01T00:00:00Z"}"#,
            r#"{"at":"2026-01-01T00:00:01Z"}"#,
            TIME_ADVICE,
        );
        check(
            r#"{"at":1767225600}"#,
            r#"{"at":1767225601.5}"#,
            TIME_ADVICE,
        );

        check(
            r#"{"id":"46b73e79-f0c3-4c00-98bc-9b3a9f64da94"}"#,
            r#"{"id":"778b1aa9-c29b-4868-b842-58f55889b9b8"}"#,
            ID_ADVICE,
        );

        check(r#"["a","b"]"#, r#"["b","a"]"#, ORDER_ADVICE);
        check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, ORDER_ADVICE);

        check(r#"{"n":1}"#, r#"{"n":2}"#, OTHER_ADVICE);
        check(r#"{"n":1}"#, r#"{"n":1}"#, OTHER_ADVICE);
    }

    #[test]
    fn advice_compares_the_times_of_retries() {
        let retry = |micros| EntryKind::RetryScheduled(Timestamp::from_micros(micros));

        assert_eq!(likely_cause(&retry(1), &retry(2)), TIME_ADVICE);
        assert_eq!(likely_cause(&retry(1), &EntryKind::Expired), OTHER_ADVICE);
    }
}
