use std::{any::TypeId, fmt};

use flow_domain::{Error, Rejection, message::short_type_name};

use crate::{
    chain::ScheduledCommands,
    expect::{
        Claim, EmptyInput, Expectation, Mismatch, Subject, check::Check,
        never_happens::NeverHappens, with_timer_advice,
    },
    outcome::{ActKind, ActOutcome, Outcome, OwnRejection, Problem, ProblemKind},
    value::{counted, cut_list},
};

/// Expects that the last command was accepted.
pub fn accepted() -> impl Expectation {
    let check = |outcome: &Outcome| {
        let act = outcome.last_act();
        if act.error().is_none() && act.kind() == ActKind::Message {
            return Ok(());
        }

        let expected = last_act_text("is accepted", outcome);
        Err(result_mismatch(expected, outcome))
    };

    Check::new("accepted", check)
        .for_unit_tests_too()
        .even_if_pending()
        .claiming(Claim::Success)
        .excluding(infallible_method)
}

/// Finds out whether the act is a method of an aggregate that cannot reject.
fn infallible_method(outcome: &Outcome) -> Option<NeverHappens> {
    outcome.last_act().is_infallible().then(|| {
        NeverHappens::in_any_mode(
            "the method returns no `Result`, so it is always accepted",
            "Expect what it changes: `.then_events(..)`, `.then_no_events()` or `.has(..)`",
        )
    })
}

/// Expects that this number of commands of the last [`when_all`](crate::Flow::when_all) was accepted.
///
/// The others were rejected, or failed with a conflict. After any other act, it fails.
pub fn accepted_count(expected: usize) -> impl Expectation {
    let description = format!(
        "{} accepted",
        counted(expected, "command is", "commands are")
    );
    let expected_text = description.clone();

    let check = move |outcome: &Outcome| {
        let acts = outcome.overlapping_acts();
        if !acts.iter().all(ActOutcome::is_concurrent) {
            let found =
                "one act\nExpect its result with `.then_accepted()` or `.then_rejected(..)`";
            return Err(Mismatch::new("commands of a `.when_all(..)`", found));
        }

        let n_accepted = acts.iter().filter(|act| act.error().is_none()).count();
        if n_accepted == expected {
            return Ok(());
        }

        let found = format!("{n_accepted} of {}", acts.len());
        Err(Mismatch::new(expected_text.as_str(), found)
            .with_differences(acts.iter().map(result_text).collect())
            .with_subject(Subject::CommandResult)
            .showing_failures_of(acts.iter().map(ActOutcome::handler)))
    };

    // Concurrent commands may be rejected, or conflict. Any other failure is still a problem.
    let covers = |problem: &Problem<'_>, _: &Outcome| match problem.kind {
        ProblemKind::Rejection => true,
        ProblemKind::CommandFailure => problem.error.is_conflict(),
        _ => false,
    };
    Check::new(description, check)
        .covering(covers)
        .even_if_pending()
}

/// Expects that the last command was rejected with this value.
pub fn rejected<R: Rejection + PartialEq>(expected: R) -> impl Expectation {
    let expected_text = format!("{expected:?}");
    rejected_if(expected_text, move |rejection: &R| *rejection == expected)
}

/// Expects that a component of a system refused the last command with this error.
pub(crate) fn rejected_by_system<X>(expected: X) -> impl Expectation
where
    X: fmt::Debug + PartialEq + Send + Sync + 'static,
{
    let expected_text = format!("{expected:?}");
    rejected_if(expected_text, move |refused: &OwnRejection| {
        refused.downcast_ref() == Some(&expected)
    })
}

/// Expects that a component of a system refused the last command with an error for which `holds` returns true.
pub(crate) fn rejected_by_system_if<'t, X: 'static>(
    holds: impl Fn(&X) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    let name = short_type_name::<X>();
    let expected = format!("a value of type {name} for which the closure returns true");
    rejected_if(expected, move |refused: &OwnRejection| {
        refused.downcast_ref::<X>().is_some_and(&holds)
    })
}

/// Expects that the last command was rejected with an `R` for which `holds` returns true.
pub fn rejected_matching<'t, R: Rejection>(
    holds: impl Fn(&R) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    let name = short_type_name::<R>();
    let expected = format!("a value of type {name} for which the closure returns true");
    rejected_if(expected, holds)
}

fn rejected_if<'t, R: Rejection>(
    expected: String,
    holds: impl Fn(&R) -> bool + Send + Sync + 't,
) -> Check<'t> {
    let description = format!("rejected with {expected}");
    let check = move |outcome: &Outcome| {
        let act = outcome.last_act();
        let rejection = act.rejection::<R>();
        if rejection.is_some_and(&holds) {
            return Ok(());
        }

        let expected = last_act_text(&format!("is rejected with {expected}"), outcome);
        let mut mismatch = result_mismatch(expected, outcome);
        if let Some(rejection) = rejection {
            mismatch.found = format!("{} was rejected with {rejection:?}", act.name());
        } else if act.error().is_some_and(Error::is_rejection) {
            mismatch.found.push_str("; this rejection is not of type ");
            mismatch.found.push_str(short_type_name::<R>());
        }
        Err(with_missing_state_advice(mismatch, act))
    };

    covering_rejection(Check::new(description, check))
}

/// Expects that the last command was rejected with a message that contains `text`.
pub fn rejected_with_message(text: &str) -> impl Expectation + use<> {
    let text = text.to_owned();
    let expected = format!("rejected with a message that contains {text:?}");
    let description = expected.clone();

    let check = move |outcome: &Outcome| {
        require_text(&text)?;

        let rejection = outcome.last_act().error().filter(|err| err.is_rejection());
        if rejection.is_some_and(|err| err.to_string().contains(&text)) {
            return Ok(());
        }

        let expected = last_act_text(&format!("is {expected}"), outcome);
        let mismatch = result_mismatch(expected, outcome);
        Err(with_missing_state_advice(mismatch, outcome.last_act()))
    };
    covering_rejection(Check::new(description, check))
}

/// Adds the advice if the command should be rejected, and failed because it found no state.
fn with_missing_state_advice(mut mismatch: Mismatch, act: &ActOutcome) -> Mismatch {
    if act.error().is_some_and(Error::is_not_found) {
        mismatch.found.push_str(
            "\nA missing state is a failure. To reject the command, load it with `find`, and return a rejection",
        );
    }
    mismatch
}

fn covering_rejection(check: Check<'_>) -> Check<'_> {
    check
        .for_unit_tests_too()
        // With concurrent commands, the expectation is about the last of them.
        .covering(|problem, outcome| {
            problem.kind == ProblemKind::Rejection && problem.id.act_idx + 1 == outcome.acts().len()
        })
        .even_if_pending()
}

/// Expects that the handler of the last command replied with this value.
pub fn reply<R: PartialEq + fmt::Debug + Send + Sync + 'static>(expected: R) -> impl Expectation {
    let description = format!("reply {expected:?}");
    let check = move |outcome: &Outcome| {
        let act = outcome.last_act();
        let Some(reply) = act.reply().filter(|_| act.kind() == ActKind::Message) else {
            let expected = format!("the reply {expected:?}");
            return Err(result_mismatch(expected, outcome));
        };

        match reply.downcast_ref::<R>() {
            Some(found) if *found == expected => Ok(()),
            Some(found) => Err(Mismatch::new(
                format!("the reply {expected:?}"),
                format!("the reply {found:?}"),
            )
            .with_subject(Subject::CommandResult)),
            None => {
                let (expected_type, found_type) = (short_type_name::<R>(), act.reply_name());
                let hint = if are_same_number_kind(TypeId::of::<R>(), reply.type_of_value()) {
                    format!("\nWrite the number with its type: `{expected:?}_{found_type}`")
                } else {
                    String::new()
                };

                Err(Mismatch::new(
                    format!("the reply {expected:?}, of type {expected_type}"),
                    format!("the reply {reply:?}, of type {found_type}{hint}"),
                ))
            }
        }
    };

    Check::new(description, check)
        .for_unit_tests_too()
        .even_if_pending()
        .excluding(infallible_method)
}

/// Returns true if both types are integers, or both are floats.
///
/// A literal of one type is then valid for the other.
fn are_same_number_kind(left: TypeId, right: TypeId) -> bool {
    let integers = [
        TypeId::of::<i8>(),
        TypeId::of::<i16>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
        TypeId::of::<i128>(),
        TypeId::of::<isize>(),
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<u128>(),
        TypeId::of::<usize>(),
    ];
    let floats = [TypeId::of::<f32>(), TypeId::of::<f64>()];

    let both_in = |kinds: &[TypeId]| kinds.contains(&left) && kinds.contains(&right);
    both_in(&integers) || both_in(&floats)
}

/// Expects that everything settled and nothing went wrong.
///
/// The last command was accepted, no command was rejected or expired later, no handler failed, and nothing
/// that is due is left to do. Scheduled commands may wait for their time, and a report names them at its end;
/// [`not_scheduled`](crate::expect::not_scheduled) expects that none does. If nothing was due while time
/// passed, there is a warning that names what waits.
pub fn settled() -> impl Expectation {
    Check::new("settled", |outcome| {
        let act = outcome.last_act();
        let expected = "the flow settles without problems";

        if act.error().is_some() {
            return Err(result_mismatch(expected, outcome));
        }
        if act.failures().is_empty() {
            return Ok(());
        }

        let failures: Vec<String> = act.failures().iter().map(ToString::to_string).collect();
        let handlers = act.failures().iter().map(|failure| failure.handler);
        let errors = act.failures().iter().map(|failure| &failure.error);
        let found = with_timer_advice(failures.join("\n"), errors);
        Err(Mismatch::new(expected, found)
            .with_subject(Subject::CommandResult)
            .showing_failures_of(handlers))
    })
    .for_unit_tests_too()
    .claiming(Claim::Success)
    .excluding(|outcome| infallible_method(outcome).or_else(|| idle_time(outcome)))
}

/// Finds out whether the last act let time pass, but not enough for what is scheduled.
fn idle_time(outcome: &Outcome) -> Option<NeverHappens> {
    let has_passed = !outcome.last_act_entries().is_empty();
    if !has_passed || !outcome.is_last_act_idle() {
        return None;
    }

    let labels = outcome.record().labels();
    let scheduled = ScheduledCommands::new(outcome.record());
    let waiting: Vec<String> = scheduled
        .pending()
        .map(|(command, due)| {
            let name = labels.label_of_envelope(command);
            format!(
                "{name} for {} is scheduled for {due}",
                command.metadata.stream
            )
        })
        .collect();
    (!waiting.is_empty()).then(|| {
        NeverHappens::in_this_run(
            format!(
                "nothing was due while the time passed: {}",
                cut_list(waiting).join(", ")
            ),
            "Let more time pass, or expect what waits: `expect::scheduled::<..>()`",
        )
    })
}

/// Returns the result of an act as text.
fn result_text(act: &ActOutcome) -> String {
    match act.error() {
        None => match act.kind() {
            ActKind::Message => format!("{} was accepted", act.name()),
            ActKind::Submitted => format!(
                "{} was submitted, so the test does not see its result\n\
                 To expect that it was handled, add `.then_handled_by::<..>()`\n\
                 To expect that it was rejected, add `.then(expect::handler_failed::<..>(..))`",
                act.name()
            ),
            ActKind::Other => "the last act was not a command".to_owned(),
        },
        Some(err) if err.is_rejection() => format!("{} was rejected: {err}", act.name()),
        Some(err) => format!("{} failed: {}", act.name(), err.with_causes()),
    }
}

/// Returns what the last act should have done: `PlaceOrder is accepted`.
fn last_act_text(verb: &str, outcome: &Outcome) -> String {
    let act = outcome.last_act();
    let name = match act.kind() {
        ActKind::Other => "the last act",
        ActKind::Message | ActKind::Submitted => act.name(),
    };

    format!("{name} {verb}")
}

/// Returns the mismatch of a last act that had another result.
fn result_mismatch(expected: impl Into<String>, outcome: &Outcome) -> Mismatch {
    let act = outcome.last_act();

    Mismatch::new(expected, with_timer_advice(result_text(act), act.error()))
        .with_subject(Subject::CommandResult)
        .showing_failures_of([act.handler()])
}

/// Requires that an expected text is not empty. Every message contains an empty text.
pub(super) fn require_text(text: &str) -> Result<(), Mismatch> {
    EmptyInput::Text.require(text.trim().is_empty())
}
