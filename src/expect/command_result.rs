use std::{fmt, marker::PhantomData};

use flow_domain::{Error, Rejection, handler::short_type_name};

use crate::{
    diagnosis::Subject,
    flow::{Expectation, Mismatch, Problem},
    run::{ActKind, ActOutcome, Outcome},
};

/// Returns the result of an act as text.
fn command_result_text(act: &ActOutcome) -> String {
    match act.error() {
        None => match act.kind() {
            ActKind::Message => format!("{} was accepted", act.name()),
            ActKind::Submitted => format!(
                "{} was submitted, so the test does not see its result\n\
                 To expect that it was handled, add `.then_handled_by::<..>()`\n\
                 To expect that it was rejected, add `.then_handler_failed::<..>(..)`",
                act.name()
            ),
            ActKind::Other => "the last act was not a command".to_owned(),
        },
        Some(err) if err.is_rejection() => format!("{} was rejected: {err}", act.name()),
        Some(err) => format!("{} failed: {}", act.name(), err.with_causes()),
    }
}

/// Returns the words for an act in a text: the name of its message, or "the last act".
fn act_text(act: &ActOutcome) -> &str {
    match act.kind() {
        ActKind::Other => "the last act",
        ActKind::Message | ActKind::Submitted => act.name(),
    }
}

/// Returns the mismatch of a command result that differs from the expected one.
fn command_result_mismatch(expected: impl Into<String>, found: impl Into<String>) -> Mismatch {
    Mismatch::new(expected, found).with_subject(Subject::CommandResult)
}

/// Returns the mismatch for an expected text that is empty. Every message contains an empty text.
pub(crate) fn empty_text_mismatch() -> Mismatch {
    Mismatch::new(
        "a text that is not empty",
        "an empty text, which every message contains",
    )
}

/// Expects that the last command was accepted.
pub(crate) fn accepted() -> impl Expectation {
    Accepted
}

struct Accepted;

impl Expectation for Accepted {
    fn describe(&self) -> String {
        "accepted".to_owned()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        match act.error() {
            None if act.kind() == ActKind::Message => Ok(()),
            _ => Err(command_result_mismatch(
                format!("{} is accepted", act_text(act)),
                command_result_text(act),
            )),
        }
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Expects that the last command was rejected with this value.
pub(crate) fn rejected<R: Rejection + PartialEq>(expected: R) -> impl Expectation {
    Rejected {
        expected: format!("{expected:?}"),
        predicate: move |rejection: &R| *rejection == expected,
        rejection: PhantomData,
    }
}

/// Expects that the last command was rejected with an `R` that satisfies `predicate`.
pub(crate) fn rejected_like<'t, R: Rejection>(
    predicate: impl Fn(&R) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    Rejected {
        expected: format!(
            "a value of type {} for which the closure returns true",
            short_type_name::<R>()
        ),
        predicate,
        rejection: PhantomData,
    }
}

struct Rejected<R, F> {
    expected: String,
    predicate: F,
    rejection: PhantomData<fn(R)>,
}

impl<R: Rejection, F: Fn(&R) -> bool + Send + Sync> Expectation for Rejected<R, F> {
    fn describe(&self) -> String {
        format!("rejected with {}", self.expected)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let expected = || format!("{} is rejected with {}", act_text(act), self.expected);

        match act.error().map(|err| (err, err.rejection::<R>())) {
            Some((_, Some(rejection))) if (self.predicate)(rejection) => Ok(()),
            Some((_, Some(rejection))) => Err(command_result_mismatch(
                expected(),
                format!("{} was rejected with {rejection:?}", act.name()),
            )),
            Some((err, None)) if err.is_rejection() => Err(command_result_mismatch(
                expected(),
                format!(
                    "{}; this rejection is not of type {}",
                    command_result_text(act),
                    short_type_name::<R>()
                ),
            )),
            _ => Err(command_result_mismatch(
                expected(),
                command_result_text(act),
            )),
        }
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::Rejection)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Expects that the last command was rejected with a message that contains this text.
pub(crate) fn rejected_saying(text: &str) -> impl Expectation + use<> {
    RejectedSaying(text.to_owned())
}

struct RejectedSaying(String);

impl Expectation for RejectedSaying {
    fn describe(&self) -> String {
        format!("rejected saying {:?}", self.0)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        if self.0.is_empty() {
            return Err(empty_text_mismatch());
        }

        let matches = |err: &Error| err.is_rejection() && err.to_string().contains(&self.0);
        if act.error().is_some_and(matches) {
            return Ok(());
        }

        Err(command_result_mismatch(
            format!(
                "{} is rejected with a message that contains {:?}",
                act_text(act),
                self.0
            ),
            command_result_text(act),
        ))
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::Rejection)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Expects that the handler of the last command replied with this value.
pub(crate) fn reply<R: PartialEq + fmt::Debug + Send + Sync + 'static>(
    expected: R,
) -> impl Expectation {
    ReplyIs(expected)
}

struct ReplyIs<R>(R);

impl<R: PartialEq + fmt::Debug + Send + Sync + 'static> Expectation for ReplyIs<R> {
    fn describe(&self) -> String {
        format!("reply {:?}", self.0)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let expected = || format!("the reply {:?}", self.0);
        let Some(found) = act.reply() else {
            return Err(command_result_mismatch(
                expected(),
                command_result_text(act),
            ));
        };

        match found.downcast_ref::<R>() {
            Some(found) if *found == self.0 => Ok(()),
            Some(found) => Err(command_result_mismatch(
                expected(),
                format!("the reply {found:?}"),
            )),
            None => {
                let (expected_type, found_type) = (short_type_name::<R>(), act.reply_name());
                let hint = if are_same_number_kind(expected_type, found_type) {
                    format!(
                        "\nWrite the number with its type: `{:?}_{found_type}`",
                        self.0
                    )
                } else {
                    String::new()
                };

                Err(Mismatch::new(
                    format!("{}, of type {expected_type}", expected()),
                    format!("the reply {found:?}, of type {found_type}{hint}"),
                ))
            }
        }
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Returns true if both types are integers, or both are floats.
///
/// A literal of one type is then valid for the other.
fn are_same_number_kind(left: &str, right: &str) -> bool {
    // `None` if the type is not a number.
    let is_float = |name: &str| {
        let (prefix, width) = name.split_at_checked(1)?;
        let is_number = width == "size" || width.parse::<u8>().is_ok();
        (is_number && matches!(prefix, "i" | "u" | "f")).then_some(prefix == "f")
    };

    is_float(left).is_some_and(|left| is_float(right) == Some(left))
}

/// Expects that exactly `expected` of the concurrent commands were accepted.
pub(crate) fn accepted_count(expected: usize) -> impl Expectation {
    AcceptedCount(expected)
}

struct AcceptedCount(usize);

impl Expectation for AcceptedCount {
    fn describe(&self) -> String {
        match self.0 {
            1 => "1 command is accepted".to_owned(),
            n => format!("{n} commands are accepted"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let acts = outcome.overlapping_acts();
        let n_accepted = acts.iter().filter(|act| act.error().is_none()).count();
        if n_accepted == self.0 {
            return Ok(());
        }

        let lines = acts.iter().map(command_result_text);
        let found = format!("{n_accepted} of {}", acts.len());

        Err(command_result_mismatch(self.describe(), found).with_differences(lines.collect()))
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::ConcurrentFailure)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Expects that the last act and everything it caused finished without errors.
pub(crate) fn settled() -> impl Expectation {
    Settled
}

struct Settled;

impl Expectation for Settled {
    fn describe(&self) -> String {
        "settled".to_owned()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let expected = "the flow settles without problems";

        if act.error().is_some() {
            return Err(command_result_mismatch(expected, command_result_text(act)));
        }

        let failures: Vec<String> = act.failures().iter().map(ToString::to_string).collect();
        if failures.is_empty() {
            return Ok(());
        }

        Err(command_result_mismatch(expected, failures.join("\n")))
    }
}
