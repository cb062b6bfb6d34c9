use std::any::TypeId;

use flow_domain::{
    message::{MessageLabels, short_type_name},
    record::{EntryId, EntryKind, HandlerOutcome, Record},
};

use crate::{
    expect::{
        Claim, Expectation, Mismatch, Subject,
        check::Check,
        handlers::{handler_name, has_run},
        never_happens::NeverHappens,
    },
    outcome::Outcome,
};

/// Expects that the handler `H` was called exactly this number of times in the acts so far.
///
/// Calls with and without success count. A message that the handler skips does not: its method is not
/// called. A call that lost a race does not count, because it is repeated within its attempt. With 0, this fails if no message can reach the handler; see
/// [`docs::guards`](crate::docs::guards).
pub fn attempts<H: 'static>(expected: usize) -> impl Expectation {
    let type_name = short_type_name::<H>();
    let expected_text = move |_: &MessageLabels| match expected {
        1 => format!("{type_name} tries once"),
        n => format!("{type_name} tries {n} times"),
    };

    let check = Check::about_messages(expected_text, move |outcome| {
        let name = handler_name(TypeId::of::<H>(), type_name, outcome)?;
        let (lines, n_found) = attempt_lines(name, outcome);
        if n_found == expected {
            return Ok(());
        }

        let found = match n_found {
            0 => "it was not called".to_owned(),
            1 => "it tried once".to_owned(),
            n => format!("it tried {n} times"),
        };
        // In `Mode::Sync` a handler has one attempt, because nothing is retried.
        let subject = if n_found == 1 && 1 < expected && outcome.is_inline() {
            Subject::EngineFeature {
                feature: "retries nothing",
                method: "expect::attempts",
                event: None,
            }
        } else {
            Subject::Handled(name)
        };

        Err(
            Mismatch::new(expected_text(outcome.record().labels()), found)
                .with_differences(lines)
                .with_subject(subject)
                .showing_failures_of([Some(name)]),
        )
    });
    match expected {
        0 => check
            .excluding(|outcome| {
                let name = outcome.system().handler_name(TypeId::of::<H>())?;
                NeverHappens::call(name, outcome)
            })
            .claiming(Claim::Exclusion),
        _ => check,
    }
}

/// Returns one line for each attempt of a handler in the acts so far, and how many called its method.
fn attempt_lines(name: &str, outcome: &Outcome) -> (Vec<String>, usize) {
    let (mut lines, mut n_called) = (Vec::new(), 0);
    for entry in outcome.act_entries() {
        if let EntryKind::HandlerStarted {
            handler, attempt, ..
        } = entry.kind
            && handler == name
            && !outcome.record().has_lost_race(entry.id)
        {
            n_called += usize::from(outcome_of(entry.id, outcome.record()).is_none_or(has_run));
            let ending = handler_outcome_text(entry.id, outcome.record());
            lines.push(format!("attempt {attempt} at {}: {ending}", entry.time));
        }
    }

    (lines, n_called)
}

/// Returns how the handler call that started at `started` ended, as text.
pub(super) fn handler_outcome_text(started: EntryId, record: &Record) -> String {
    match outcome_of(started, record) {
        Some(HandlerOutcome::Failed(rolled_back)) => rolled_back.reason.clone(),
        Some(ending) => ending.to_string(),
        None => "it did not end".to_owned(),
    }
}

/// Returns how the handler call that started at `started` ended, if it did.
fn outcome_of(started: EntryId, record: &Record) -> Option<&HandlerOutcome> {
    record
        .effects(started)
        .find_map(|effect| match &effect.kind {
            EntryKind::HandlerEnded(ending) => Some(ending),
            _ => None,
        })
}
