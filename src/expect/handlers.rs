use std::{any::TypeId, error, marker::PhantomData};

use flow_domain::{
    Error,
    handler::short_type_name,
    record::{EntryKind, HandlerOutcome},
    wiring::nearest,
};

use crate::{
    diagnosis::Subject,
    expect::command_result::empty_text_mismatch,
    flow::{Expectation, Mismatch, Problem},
    report::rolled_back_by,
    run::Outcome,
};

/// Returns the name of a handler, or a mismatch if the domain has no such handler.
pub(super) fn handler_name(
    handler: TypeId,
    type_name: &str,
    outcome: &Outcome,
) -> Result<&'static str, Mismatch> {
    outcome.system().handler_name(handler).ok_or_else(|| {
        let handlers = outcome.system().handler_names();
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

/// Expects that a handler handled at least one message, or an exact number of messages.
#[derive(Debug)]
pub(crate) struct HandledExpectation {
    handler: TypeId,
    type_name: &'static str,
    /// The exact number of messages. `None` means at least one.
    times: Option<usize>,
}

impl HandledExpectation {
    pub(crate) fn by<H: 'static>() -> Self {
        Self {
            handler: TypeId::of::<H>(),
            type_name: short_type_name::<H>(),
            times: None,
        }
    }

    pub(crate) fn set_times(&mut self, times: usize) {
        self.times = Some(times);
    }

    fn expected_text(&self) -> String {
        match self.times {
            None => format!("{} handles at least 1 message", self.type_name),
            Some(times) => format!("{} handles {}", self.type_name, n_messages_text(times)),
        }
    }
}

fn n_messages_text(n: usize) -> String {
    match n {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

impl Expectation for HandledExpectation {
    fn describe(&self) -> String {
        match self.times {
            None => format!("handled by {}", self.type_name),
            Some(times) => format!("handled by {}, {}", self.type_name, n_messages_text(times)),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = handler_name(self.handler, self.type_name, outcome)?;
        let calls: Vec<FinishedCall<'_>> = finished_calls(name, outcome).collect();
        let n_handled = calls.iter().filter(|call| call.is_handled()).count();

        let is_met = match self.times {
            None => 0 < n_handled,
            Some(times) => times == n_handled,
        };
        if is_met {
            return Ok(());
        }

        let found = match n_handled {
            0 => "it handled nothing".to_owned(),
            _ => format!("it handled {}", n_messages_text(n_handled)),
        };
        let not_handled = calls
            .iter()
            .filter(|call| !call.is_handled())
            .map(FinishedCall::summary)
            .collect();
        Err(Mismatch::new(self.expected_text(), found)
            .with_differences(not_handled)
            .with_subject(Subject::Handled(name)))
    }
}

/// A handler call that ended.
struct FinishedCall<'a> {
    outcome: &'a HandlerOutcome,
    /// The handler whose failure rolled this call back, if one did.
    rolled_back_by: Option<&'static str>,
}

impl FinishedCall<'_> {
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

/// Returns the calls of `handler` that ended in the acts so far.
fn finished_calls<'a>(
    handler: &'a str,
    outcome: &'a Outcome,
) -> impl Iterator<Item = FinishedCall<'a>> {
    outcome.act_entries().filter_map(move |entry| match &entry.kind {
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
pub(crate) fn handler_failed<H: 'static, E>(expected: E) -> impl Expectation
where
    E: error::Error + PartialEq + Send + Sync + 'static,
{
    HandlerFailed {
        expected: format!("{expected:?}"),
        predicate: move |err: &Error| err.downcast_ref::<E>() == Some(&expected),
        has_empty_text: false,
        show_error: |err| err.downcast_ref::<E>().map(|err| format!("{err:?}")),
        handler: PhantomData::<fn(H)>,
    }
}

/// Expects that the handler `H` failed in the acts so far with a message that contains this text.
pub(crate) fn handler_failed_saying<H: 'static>(text: &str) -> impl Expectation + use<H> {
    let text = text.to_owned();
    HandlerFailed {
        expected: format!("a message that contains {text:?}"),
        has_empty_text: text.is_empty(),
        predicate: move |err: &Error| err.with_causes().to_string().contains(&text),
        show_error: |_| None,
        handler: PhantomData::<fn(H)>,
    }
}

struct HandlerFailed<H, F> {
    expected: String,
    predicate: F,
    /// Returns the error itself as text, if it has the expected type.
    show_error: fn(&Error) -> Option<String>,
    /// Whether the expected text is empty. The expectation then fails, because every message
    /// contains an empty text.
    has_empty_text: bool,
    handler: PhantomData<fn(H)>,
}

impl<H: 'static, F: Fn(&Error) -> bool + Send + Sync> Expectation for HandlerFailed<H, F> {
    fn describe(&self) -> String {
        format!(
            "handler {} failed with {}",
            short_type_name::<H>(),
            self.expected
        )
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = handler_name(TypeId::of::<H>(), short_type_name::<H>(), outcome)?;
        if self.has_empty_text {
            return Err(empty_text_mismatch());
        }

        let failures: Vec<&Error> = outcome
            .acts()
            .iter()
            .flat_map(|act| act.failures_of(name))
            .collect();
        if failures.iter().any(|err| (self.predicate)(err)) {
            return Ok(());
        }

        let lines: Vec<String> = failures
            .iter()
            .map(|err| match (self.show_error)(err) {
                Some(shown) => format!("{name} failed with {shown}: {}", err.with_causes()),
                None => format!("{name} failed: {}", err.with_causes()),
            })
            .collect();
        let found = if lines.is_empty() {
            format!("{name} did not fail")
        } else {
            lines.join("\n")
        };
        let expected = format!("{name} fails with {}", self.expected);
        Err(Mismatch::new(expected, found).with_subject(Subject::HandlerFailure(name)))
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::HandlerFailure(TypeId::of::<H>()))
    }

    fn covers_failure(&self, failure: &Error) -> bool {
        (self.predicate)(failure)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}
