use std::{panic::Location, thread};

use crate::expect::Mismatch;

/// Panics on drop if the test has no assertion, or if no assertion covers the rejection.
///
/// Without the panic, such a test would pass, whatever the method does.
#[derive(Debug)]
pub(super) struct AssertionGuard {
    aggregate: &'static str,
    /// The line of the `when` call.
    when_location: &'static Location<'static>,
    /// The rejection of the method, until an assertion covers it.
    rejection: Option<String>,
    is_unasserted: bool,
}

impl AssertionGuard {
    pub(super) fn new(
        aggregate: &'static str,
        when_location: &'static Location<'static>,
        rejection: Option<String>,
    ) -> Self {
        Self {
            aggregate,
            when_location,
            rejection,
            is_unasserted: true,
        }
    }

    /// Records that the test has an assertion.
    pub(super) fn mark_asserted(&mut self) {
        self.is_unasserted = false;
    }

    /// Records that an assertion covers the rejection.
    pub(super) fn mark_rejection_asserted(&mut self) {
        self.rejection = None;
    }

    /// Fails the test with a report.
    #[track_caller]
    pub(super) fn fail(&self, described: &str, location: &Location<'_>, mismatch: &Mismatch) -> ! {
        let rejection = match &self.rejection {
            // The rejection is shown, because it is often the cause of the mismatch.
            Some(rejection) if mismatch.shown_handlers().is_empty() => {
                format!("\n\n  the method was rejected: {rejection}")
            }
            _ => String::new(),
        };

        panic!(
            "unit test of {} failed: then {described}      {location}\n\n{mismatch}{rejection}",
            self.aggregate
        );
    }

    /// Returns a summary and a mismatch if the test must not end yet.
    fn problem(&self) -> Option<(&'static str, Mismatch)> {
        if let Some(rejection) = &self.rejection {
            let found = format!(
                "the method was rejected: {rejection}\n\
                 If the test expects this, add `.then_rejected(..)`"
            );
            let mismatch = Mismatch::new("no rejection, or a `then` that covers it", found);
            return Some(("rejected, and no `then` covers it", mismatch));
        }

        self.is_unasserted.then(|| {
            let found = "none; a unit test without an assertion always passes\n\
                         Add an assertion. To expect only that there is no rejection, add `.then_accepted()`";
            let mismatch = Mismatch::new("at least one assertion after `when`", found);
            ("has no assertion after `when`", mismatch)
        })
    }
}

impl Drop for AssertionGuard {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        if thread::panicking() {
            return;
        }

        if let Some((summary, mismatch)) = self.problem() {
            let (aggregate, location) = (self.aggregate, self.when_location);
            panic!("{aggregate} {summary}      {location}\n\n{mismatch}");
        }
    }
}
