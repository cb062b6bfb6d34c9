use std::{fmt, marker::PhantomData};

use flow_domain::{Error, Rejection, handler::short_type_name};

use crate::{
    expect::{Expectation, Mismatch, Subject},
    outcome::{ActKind, ActOutcome, FailureRef, Outcome, Problem, ProblemKind},
    value::counted,
};

/// Expects that the last command was accepted.
pub fn accepted() -> impl Expectation {
    Accepted
}

/// Expects that this number of commands of the last [`when_all`](crate::Flow::when_all) was accepted.
///
/// The others were rejected, or failed with a conflict.
pub fn accepted_count(expected: usize) -> impl Expectation {
    AcceptedCount(expected)
}

/// Expects that the last command was rejected with this value.
pub fn rejected<R: Rejection + PartialEq>(expected: R) -> impl Expectation {
    Rejected {
        expected: format!("{expected:?}"),
        holds: move |rejection: &R| *rejection == expected,
        rejection: PhantomData,
    }
}

/// Expects that the last command was rejected with an `R` for which `holds` returns true.
pub fn rejected_matching<'t, R: Rejection>(
    holds: impl Fn(&R) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    Rejected {
        expected: format!(
            "a value of type {} for which the closure returns true",
            short_type_name::<R>()
        ),
        holds,
        rejection: PhantomData,
    }
}

/// Expects that the last command was rejected with a message that contains `text`.
pub fn rejected_with_message(text: &str) -> impl Expectation + use<> {
    RejectedWithMessage(text.to_owned())
}

/// Expects that the handler of the last command replied with this value.
pub fn reply<R: PartialEq + fmt::Debug + Send + Sync + 'static>(expected: R) -> impl Expectation {
    Reply(expected)
}

/// Expects that everything settled and nothing went wrong.
///
/// The last command was accepted, no handler failed, and nothing is left to do.
pub fn settled() -> impl Expectation {
    Settled
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

/// Returns the words for an act in a text: the name of its message, or "the last act".
fn act_text(act: &ActOutcome) -> &str {
    match act.kind() {
        ActKind::Other => "the last act",
        ActKind::Message | ActKind::Submitted => act.name(),
    }
}

/// Returns the mismatch of a command result. Its text shows the result of the last act.
fn result_mismatch(
    expected: impl Into<String>,
    found: impl Into<String>,
    outcome: &Outcome,
) -> Mismatch {
    let shown = FailureRef::Command(outcome.last_act_idx(), outcome.last_act().handler());

    Mismatch::new(expected, found)
        .with_subject(Subject::CommandResult)
        .showing([shown])
}

/// Requires that an expected text is not empty. Every message contains an empty text.
pub(super) fn require_text(text: &str) -> Result<(), Mismatch> {
    if text.is_empty() {
        return Err(Mismatch::new(
            "a text that is not empty",
            "an empty text, which every message contains",
        ));
    }

    Ok(())
}

struct Accepted;

impl Expectation for Accepted {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        if act.error().is_none() && act.kind() == ActKind::Message {
            return Ok(());
        }

        let expected = format!("{} is accepted", act_text(act));
        Err(result_mismatch(expected, result_text(act), outcome))
    }

    fn describe(&self) -> String {
        "accepted".to_owned()
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

struct AcceptedCount(usize);

impl Expectation for AcceptedCount {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let acts = outcome.overlapping_acts();
        let n_accepted = acts.iter().filter(|act| act.error().is_none()).count();
        if n_accepted == self.0 {
            return Ok(());
        }

        let first_idx = outcome.acts().len() - acts.len();
        let shown = acts
            .iter()
            .enumerate()
            .map(|(idx, act)| FailureRef::Command(first_idx + idx, act.handler()));
        let found = format!("{n_accepted} of {}", acts.len());
        Err(Mismatch::new(self.describe(), found)
            .with_differences(acts.iter().map(result_text).collect())
            .with_subject(Subject::CommandResult)
            .showing(shown))
    }

    fn describe(&self) -> String {
        format!("{} accepted", counted(self.0, "command is", "commands are"))
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        // Concurrent commands may be rejected, or conflict. Any other failure is still a problem.
        match problem.kind {
            ProblemKind::Rejection => true,
            ProblemKind::CommandFailure => problem.error.is_conflict(),
            ProblemKind::HandlerFailure => false,
        }
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

struct Rejected<R, F> {
    expected: String,
    holds: F,
    rejection: PhantomData<fn(R)>,
}

impl<R: Rejection, F: Fn(&R) -> bool + Send + Sync> Expectation for Rejected<R, F> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let error = act.error();
        let found = match act.rejection::<R>() {
            Some(rejection) if (self.holds)(rejection) => return Ok(()),
            Some(rejection) => format!("{} was rejected with {rejection:?}", act.name()),
            None if error.is_some_and(Error::is_rejection) => format!(
                "{}; this rejection is not of type {}",
                result_text(act),
                short_type_name::<R>()
            ),
            None => result_text(act),
        };

        let expected = format!("{} is rejected with {}", act_text(act), self.expected);
        Err(result_mismatch(expected, found, outcome))
    }

    fn describe(&self) -> String {
        format!("rejected with {}", self.expected)
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        problem.kind == ProblemKind::Rejection
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

struct RejectedWithMessage(String);

impl Expectation for RejectedWithMessage {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_text(&self.0)?;

        let act = outcome.last_act();
        let rejection = act.error().filter(|err| err.is_rejection());
        if rejection.is_some_and(|err| err.to_string().contains(&self.0)) {
            return Ok(());
        }

        let expected = format!(
            "{} is rejected with a message that contains {:?}",
            act_text(act),
            self.0
        );
        Err(result_mismatch(expected, result_text(act), outcome))
    }

    fn describe(&self) -> String {
        format!("rejected with a message that contains {:?}", self.0)
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        problem.kind == ProblemKind::Rejection
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

struct Reply<R>(R);

impl<R: PartialEq + fmt::Debug + Send + Sync + 'static> Expectation for Reply<R> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let expected = format!("the reply {:?}", self.0);
        let Some(reply) = act.reply() else {
            return Err(result_mismatch(expected, result_text(act), outcome));
        };

        match reply.downcast_ref::<R>() {
            Some(found) if *found == self.0 => Ok(()),
            Some(found) => {
                let found = format!("the reply {found:?}");
                Err(result_mismatch(expected, found, outcome))
            }
            None => {
                let (expected_type, found_type) = (short_type_name::<R>(), act.reply_name());
                let mut found = format!("the reply {reply:?}, of type {found_type}");
                if are_same_number_kind(expected_type, found_type) {
                    let literal = format!("{:?}_{found_type}", self.0);
                    found.push_str("\nWrite the number with its type: `");
                    found.push_str(&literal);
                    found.push('`');
                }

                let expected = format!("{expected}, of type {expected_type}");
                Err(Mismatch::new(expected, found))
            }
        }
    }

    fn describe(&self) -> String {
        format!("reply {:?}", self.0)
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

struct Settled;

impl Expectation for Settled {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        let expected = "the flow settles without problems";

        if act.error().is_some() {
            return Err(result_mismatch(expected, result_text(act), outcome));
        }
        if act.failures().is_empty() {
            return Ok(());
        }

        let failures: Vec<String> = act.failures().iter().map(ToString::to_string).collect();
        let shown = act
            .failures()
            .iter()
            .map(|failure| FailureRef::Handler(failure.handler));
        Err(Mismatch::new(expected, failures.join("\n"))
            .with_subject(Subject::CommandResult)
            .showing(shown))
    }

    fn describe(&self) -> String {
        "settled".to_owned()
    }
}
