use std::{any::TypeId, error, panic::Location, sync::Arc};

use flow_domain::{
    Error,
    message::{MessageLabels, short_type_name},
    record::{Entry, EntryKind, HandlerOutcome},
    wiring::nearest,
};

use crate::{
    chain::rolled_back_by,
    expect::{
        Claim, Expectation, Mismatch, Subject,
        check::{Check, require_handlers},
        command_result::require_text,
        never_happens::NeverHappens,
    },
    outcome::{Outcome, Problem, ProblemKind},
    value::counted,
};

/// Returns the name of a handler, or a mismatch if the domain has no such handler.
pub(super) fn handler_name(
    handler: TypeId,
    type_name: &str,
    outcome: &Outcome,
) -> Result<&'static str, Mismatch> {
    require_handlers(outcome)?;

    outcome.system().handler_name(handler).ok_or_else(|| {
        let handlers = &outcome.system().wiring().handlers;
        let mut handlers: Vec<&str> = handlers.iter().map(|wiring| wiring.handler).collect();
        handlers.dedup();
        let hint = match nearest(type_name, handlers.iter().copied()) {
            Some(near) => format!("no such handler in the domain; did you mean {near}?"),
            None => format!(
                "no such handler in the domain, only {}",
                handlers.join(", ")
            ),
        };

        Mismatch::new(format!("the handler {type_name}"), hint)
    })
}

/// Expects that the handler `H`, of any kind, handled at least one message in the acts so far.
///
/// A call does not count if it was rolled back with the handler that issued its command.
pub fn handled_by<H: 'static>() -> HandledBy {
    HandledBy {
        handler: TypeId::of::<H>(),
        type_name: short_type_name::<H>(),
        times: None,
        location: None,
    }
}

/// The expectation from [`handled_by`].
#[derive(Clone, Debug)]
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct HandledBy {
    handler: TypeId,
    type_name: &'static str,
    /// The exact number of messages; `None` for at least one.
    times: Option<usize>,
    /// The line that sets the number.
    location: Option<&'static Location<'static>>,
}

impl HandledBy {
    /// Expects exactly this number of messages.
    #[track_caller]
    pub fn times(mut self, expected: usize) -> Self {
        self.times = Some(expected);
        self.location = Some(Location::caller());
        self
    }

    /// Finds out whether the handler can never be called, if the test expects that it is not.
    fn never_happens(&self, outcome: &Outcome) -> Option<NeverHappens> {
        let name = outcome.system().handler_name(self.handler)?;

        (self.times == Some(0))
            .then(|| NeverHappens::call(name, outcome))
            .flatten()
    }

    fn expected_text(&self) -> String {
        match self.times {
            None => format!("{} handles at least 1 message", self.type_name),
            Some(times) => format!("{} handles {}", self.type_name, n_messages_text(times)),
        }
    }
}

fn n_messages_text(n: usize) -> String {
    counted(n, "message", "messages")
}

impl Expectation for HandledBy {
    fn describe(&self) -> String {
        match self.times {
            None => format!("handled by {}", self.type_name),
            Some(times) => format!("handled by {}, {}", self.type_name, n_messages_text(times)),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = handler_name(self.handler, self.type_name, outcome)?;
        let n_handled = finished_calls(outcome.act_entries(), name, outcome)
            .filter(FinishedCall::is_handled)
            .count();

        let is_met = match self.times {
            None => 0 < n_handled,
            Some(times) => times == n_handled,
        };
        if is_met {
            return NeverHappens::require_possible(self.never_happens(outcome));
        }

        let found = match n_handled {
            0 => "it handled nothing".to_owned(),
            _ => format!("it handled {}", n_messages_text(n_handled)),
        };
        let not_handled = finished_calls(outcome.act_entries(), name, outcome)
            .filter(|call| !call.is_handled())
            .map(|call| call.summary())
            .collect();
        let mismatch = Mismatch::new(self.expected_text(), found)
            .with_differences(not_handled)
            .with_subject(Subject::Handled(name))
            .showing_failures_of([Some(name)]);
        Err(match self.location {
            Some(location) => mismatch.at(location),
            None => mismatch,
        })
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        NeverHappens::warning(self.never_happens(outcome))
    }

    fn claim(&self, outcome: &Outcome) -> Claim {
        let has_new_call = |handler| {
            let mut new_calls = finished_calls(outcome.new_entries(), handler, outcome);
            new_calls.any(|call| call.is_handled())
        };

        // Without a new call, an exact number says only that there is none.
        match outcome.system().handler_name(self.handler) {
            Some(handler) if has_new_call(handler) => Claim::Effect,
            _ => Claim::Exclusion,
        }
    }

    fn stays_met(&self) -> bool {
        self.times.is_none()
    }
}

/// A handler call that ended.
struct FinishedCall<'a> {
    outcome: &'a HandlerOutcome,
    /// The handler whose failure rolled this call back, if one did.
    rolled_back_by: Option<&'static str>,
}

impl FinishedCall<'_> {
    /// Returns true if the method of the handler was called. It is not if the message is skipped.
    fn has_run(&self) -> bool {
        has_run(self.outcome)
    }

    /// Returns true if the handler succeeded and its work was not rolled back.
    fn is_handled(&self) -> bool {
        matches!(self.outcome, HandlerOutcome::Handled) && self.rolled_back_by.is_none()
    }

    fn summary(&self) -> String {
        match (self.outcome, self.rolled_back_by) {
            (HandlerOutcome::Handled, Some(handler)) => {
                format!("its work on 1 message was rolled back because {handler} did not succeed")
            }
            (HandlerOutcome::Filtered(reason), _) => format!("skipped 1 message: {reason}"),
            (HandlerOutcome::Rejected(rolled_back), _) => {
                format!("rejected 1 message: {}", rolled_back.reason)
            }
            (HandlerOutcome::Failed(rolled_back), _) => {
                format!("failed on 1 message: {}", rolled_back.reason)
            }
            (other, _) => other.to_string(),
        }
    }
}

/// Returns true if a handler call with this outcome called the method of the handler.
pub(super) fn has_run(outcome: &HandlerOutcome) -> bool {
    !matches!(
        outcome,
        HandlerOutcome::Filtered(_) | HandlerOutcome::Deduplicated
    )
}

/// Returns a line for each message that the handler skipped in the acts so far.
pub(crate) fn skipped_messages(handler: &str, outcome: &Outcome) -> Vec<String> {
    finished_calls(outcome.act_entries(), handler, outcome)
        .filter(|call| !call.has_run())
        .map(|call| call.summary())
        .collect()
}

/// Returns the calls of `handler` that ended in these entries. Calls that lost a race are repeated, so
/// they do not count.
fn finished_calls<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    handler: &'a str,
    outcome: &'a Outcome,
) -> impl Iterator<Item = FinishedCall<'a>> {
    entries.filter_map(move |entry| match &entry.kind {
        EntryKind::HandlerEnded(HandlerOutcome::LostRace(_)) => None,
        EntryKind::HandlerEnded(ending) => {
            let start = entry.cause.map(|cause| &outcome.record().entry(cause).kind);
            let is_of_handler = matches!(start, Some(EntryKind::HandlerStarted { handler: called, .. }) if *called == handler);

            is_of_handler.then(|| FinishedCall {
                outcome: ending,
                rolled_back_by: rolled_back_by(entry, outcome.record()),
            })
        }
        _ => None,
    })
}

/// Expects that the handler `H` failed with this error in the acts so far.
///
/// It also expects a rejection of a command that was handled later, which has no caller.
///
/// `expected` is compared with the error that the handler returned, or with the error inside
/// [`Error::failed`](flow_domain::Error::failed).
pub fn handler_failed<H: 'static>(
    expected: impl error::Error + PartialEq + Send + Sync + 'static,
) -> impl Expectation {
    failed_with::<H, _>(expected)
}

fn failed_with<H: 'static, E>(expected: E) -> Check<'static>
where
    E: error::Error + PartialEq + Send + Sync + 'static,
{
    let expected_text = format!("{expected:?}");
    let holds = move |err: &Error| err.downcast_ref::<E>() == Some(&expected);
    failed_if::<H>(&expected_text, None, holds, |err| {
        err.downcast_ref::<E>().map(|err| format!("{err:?}"))
    })
}

/// Expects that the handler `H` failed in the acts so far with a message that contains `text`.
///
/// A panic is a failure, too.
pub fn handler_failed_with_message<H: 'static>(text: &str) -> impl Expectation + use<H> {
    let text = text.to_owned();
    let expected = format!("a message that contains {text:?}");
    let required = Some(text.clone());
    let holds = move |err: &Error| err.with_causes().to_string().contains(&text);
    failed_if::<H>(&expected, required, holds, |_| None)
}

/// Expects that a component or a worker of a [`SystemUnderTest`](crate::SystemUnderTest) failed in the acts so
/// far, with a message that contains `text`.
///
/// `name` is its name in the description of the system. Only a panic is a failure: an error that a component
/// returns is a rejection.
pub fn component_failed(name: &str, text: &str) -> impl Expectation + use<> {
    let (name, text) = (name.to_owned(), text.to_owned());
    let expected = format!("{name} fails with a message that contains {text:?}");
    let description = expected.clone();
    let is_expected = {
        let (name, text) = (name.clone(), text.clone());
        move |problem: &Problem<'_>, _: &Outcome| {
            let message = problem.error.with_causes().to_string();
            problem.handler == Some(&*name)
                && !problem.error.is_rejection()
                && message.contains(&text)
        }
    };
    let covers = is_expected.clone();

    let check = move |outcome: &Outcome| {
        require_text(&text)?;
        let problems = || {
            (0..)
                .zip(outcome.acts())
                .flat_map(|(idx, act)| act.problems(idx))
        };
        if problems().any(|problem| is_expected(&problem, outcome)) {
            return Ok(());
        }

        let failures: Vec<String> = problems().map(|problem| problem.to_string()).collect();
        let found = match failures.as_slice() {
            [] => "no component or worker failed".to_owned(),
            failures => failures.join("\n"),
        };
        Err(Mismatch::new(expected.as_str(), found).with_subject(Subject::CommandResult))
    };
    Check::new(description, check)
        .covering(covers)
        .staying_met()
        .even_if_pending()
}

/// Expects that the handler `H` was called in the acts so far, and did not fail.
///
/// An attempt that failed does not count if a later attempt succeeded. A handler that was never
/// called, or skipped each message, cannot fail. So the expectation is not met.
pub fn no_handler_failure<H: 'static>() -> impl Expectation {
    let (type_id, type_name) = (TypeId::of::<H>(), short_type_name::<H>());

    let describe = move |_: &MessageLabels| format!("no failure of {type_name}");
    Check::about_messages(describe, move |outcome| {
        let name = handler_name(type_id, type_name, outcome)?;
        let expected = format!("{type_name} is called and does not fail");
        if !finished_calls(outcome.act_entries(), name, outcome).any(|call| call.has_run()) {
            return Err(Mismatch::new(expected, "it was not called")
                .with_differences(skipped_messages(name, outcome))
                .with_subject(Subject::Handled(name)));
        }

        let lines: Vec<String> = failures_of(name, outcome)
            .into_iter()
            .map(|err| format!("{name} failed: {}", err.with_causes()))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }

        Err(Mismatch::new(expected, lines.join("\n"))
            .with_subject(Subject::Handled(name))
            .showing_failures_of([Some(name)]))
    })
    .claiming(Claim::Success)
}

/// Returns the failures of a handler in the acts so far.
fn failures_of<'o>(name: &'static str, outcome: &'o Outcome) -> Vec<&'o Error> {
    let acts = outcome.acts().iter();
    acts.flat_map(|act| act.failures_of(name)).collect()
}

/// Expects a failure of `H` for which `holds` returns true.
///
/// `text` is the text that the message must contain, if there is one. `show_error` shows an error
/// that has the expected type.
fn failed_if<H: 'static>(
    expected: &str,
    text: Option<String>,
    holds: impl Fn(&Error) -> bool + Send + Sync + 'static,
    show_error: fn(&Error) -> Option<String>,
) -> Check<'static> {
    let (type_id, type_name) = (TypeId::of::<H>(), short_type_name::<H>());
    let description = format!("handler {type_name} failed with {expected}");
    let expected = format!("{type_name} fails with {expected}");
    let holds = Arc::new(holds);

    let is_expected = Arc::clone(&holds);
    let check = move |outcome: &Outcome| {
        let name = handler_name(type_id, type_name, outcome)?;
        if let Some(text) = &text {
            require_text(text)?;
        }

        let failures = failures_of(name, outcome);
        if failures.iter().any(|err| is_expected(err)) {
            return Ok(());
        }

        let lines: Vec<String> = failures
            .iter()
            .map(|err| match show_error(err) {
                Some(shown) => format!("{name} failed with {shown}: {}", err.with_causes()),
                None => format!("{name} failed: {}", err.with_causes()),
            })
            .collect();
        let rejection = outcome
            .problems()
            .find(|problem| problem.handler == Some(name) && problem.error.is_rejection());
        let found = match (lines.as_slice(), rejection) {
            ([], None) => format!("{name} did not fail"),
            ([], Some(rejection)) => format!(
                "{rejection}\nA rejection of a command is not a failure. \
                 If the test expects it, add `.then_rejected(..)`"
            ),
            (lines, _) => lines.join("\n"),
        };
        Err(Mismatch::new(expected.as_str(), found)
            .with_subject(Subject::HandlerFailure(name))
            .showing_failures_of([Some(name)]))
    };

    let covers = move |problem: &Problem<'_>, outcome: &Outcome| {
        let name = outcome.system().handler_name(type_id);

        !matches!(problem.kind, ProblemKind::Rejection | ProblemKind::Expired)
            && name.is_some()
            && problem.handler == name
            && holds(problem.error)
    };
    Check::new(description, check)
        .covering(covers)
        .staying_met()
        .even_if_pending()
}
