use std::{panic::Location, thread};

use flow_domain::Error;

use crate::expect::Mismatch;

/// Panics on drop if the test calls no method or has no assertion, if no assertion covers the rejection, or
/// if one checks an aggregate that the method did not change.
///
/// Without the panic, such a test would pass, whatever the method does.
#[derive(Debug)]
pub(super) struct AssertionGuard {
    aggregate: &'static str,
    /// The line of the `unit` call, or of the `when` call once it was made.
    location: &'static Location<'static>,
    /// The rejection or failure of the method, until an assertion covers it.
    problem: Option<UnitProblem>,
    missing: Option<MissingPart>,
    /// The first check of an aggregate that the method did not change: its description and its line.
    unchanged: Option<(String, &'static Location<'static>)>,
    expects_unchanged: bool,
}

/// What a unit test needs and does not have yet.
#[derive(Clone, Copy, Debug)]
enum MissingPart {
    Method,
    Assertion,
}

/// A rejection or a failure of the method under test.
#[derive(Debug)]
pub(super) struct UnitProblem {
    summary: &'static str,
    text: String,
    /// What to do if the test expects it.
    advice: &'static str,
}

impl UnitProblem {
    pub(super) fn new(err: &Error) -> Self {
        if err.is_rejection() {
            return Self {
                summary: "rejected, and no `then` covers it",
                text: format!("was rejected: {err}"),
                advice: "If the test expects this, add `.then_rejected(..)`",
            };
        }

        Self {
            summary: "failed, and no `then` can cover it",
            text: format!("failed: {}", err.with_causes()),
            advice: "Only a rejection can be expected: let the method return a `Rejection`",
        }
    }
}

impl AssertionGuard {
    /// Creates the guard of a test that begins at `location`.
    pub(super) fn new(aggregate: &'static str, location: &'static Location<'static>) -> Self {
        Self {
            aggregate,
            location,
            problem: None,
            missing: Some(MissingPart::Method),
            unchanged: None,
            expects_unchanged: false,
        }
    }

    /// Records that the method was called at `location`.
    pub(super) fn mark_called(
        &mut self,
        location: &'static Location<'static>,
        problem: Option<UnitProblem>,
    ) {
        self.location = location;
        self.problem = problem;
        self.missing = Some(MissingPart::Assertion);
    }

    /// Records that the test has an assertion.
    pub(super) fn mark_asserted(&mut self) {
        self.missing = None;
    }

    /// Records that an assertion covers the problem.
    pub(super) fn mark_problem_asserted(&mut self) {
        self.problem = None;
    }

    /// Records a check of an aggregate that the method did not change.
    pub(super) fn mark_unchanged(
        &mut self,
        described: String,
        location: &'static Location<'static>,
    ) {
        self.unchanged.get_or_insert((described, location));
    }

    /// Records that the test expects an unchanged aggregate.
    pub(super) fn expect_unchanged(&mut self) {
        self.expects_unchanged = true;
    }

    /// Fails the test with a report.
    #[track_caller]
    pub(super) fn fail(&self, described: &str, location: &Location<'_>, mismatch: &Mismatch) -> ! {
        let problem = match &self.problem {
            // The problem is shown, because it is often the cause of the mismatch.
            Some(problem) if mismatch.shown_handlers().is_empty() => {
                format!("\n\n  the method {}", problem.text)
            }
            _ => String::new(),
        };

        panic!(
            "unit test of {} failed: then {described}      {location}\n\n{mismatch}{problem}",
            self.aggregate
        );
    }

    /// Returns a summary and a mismatch if the test must not end yet.
    fn unasserted(&self) -> Option<(&'static str, Mismatch)> {
        if let Some(problem) = &self.problem {
            let found = format!("the method {}\n{}", problem.text, problem.advice);
            let mismatch = Mismatch::new("no problem, or a `then` that covers it", found);
            return Some((problem.summary, mismatch));
        }

        self.missing.map(|missing| match missing {
            MissingPart::Method => {
                let found = "none; a unit test without `when` checks nothing\n\
                             Add `.when(|aggregate| ..)` and an assertion";
                let mismatch = Mismatch::new("a method to test, in `when`", found);
                ("has no method to test", mismatch)
            }
            MissingPart::Assertion => {
                let found = "none; a unit test without an assertion always passes\n\
                             Add an assertion. To expect only that there is no rejection, add `.then_accepted()`";
                let mismatch = Mismatch::new("at least one assertion after `when`", found);
                ("has no assertion after `when`", mismatch)
            }
        })
    }
}

impl Drop for AssertionGuard {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        if thread::panicking() {
            return;
        }

        if let Some((described, location)) = &self.unchanged
            && !self.expects_unchanged
        {
            let found = "the method changed nothing: the assertion would pass without it\n\
                         If the test expects this, add `.unchanged()`";
            let expected = format!("{}, changed by the method", self.aggregate);
            self.fail(described, location, &Mismatch::new(expected, found));
        }

        if let Some((summary, mismatch)) = self.unasserted() {
            let (aggregate, location) = (self.aggregate, self.location);
            panic!("{aggregate} {summary}      {location}\n\n{mismatch}");
        }
    }
}
