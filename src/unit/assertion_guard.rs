use std::{panic::Location, thread};

use crate::flow::Mismatch;

/// Panics when it is dropped before a word was said, or before one spoke of a refusal: such a test would
/// pass whatever the method does.
#[derive(Debug)]
pub(super) struct AssertionGuard {
    aggregate: &'static str,
    when_location: &'static Location<'static>,
    /// What the method refused with, until a word speaks of it.
    rejection: Option<String>,
    is_unasserted: bool,
}

impl AssertionGuard {
    pub(super) fn new(
        aggregate: &'static str,
        acted_at: &'static Location<'static>,
        refusal: Option<String>,
    ) -> Self {
        Self {
            aggregate,
            when_location: acted_at,
            rejection: refusal,
            is_unasserted: true,
        }
    }

    /// Something was said of what the method left behind.
    pub(super) fn mark_asserted(&mut self) {
        self.is_unasserted = false;
    }

    /// It was said that the method refused.
    pub(super) fn mark_rejection_asserted(&mut self) {
        self.rejection = None;
    }

    /// A line about the refusal, if no word spoke of it and this mismatch does not either.
    pub(super) fn rejection_note(&self, mismatch: &Mismatch) -> String {
        match &self.rejection {
            Some(refusal) if !mismatch.found.contains(refusal) => {
                format!("\n\n  the method refused with {refusal}")
            }
            _ => String::new(),
        }
    }

    fn problem(&self) -> Option<(&'static str, Mismatch)> {
        if let Some(refusal) = &self.rejection {
            let found = format!(
                "it refused with {refusal}\n\
                 If that is the point, say so: `.then_rejected(..)`"
            );
            let mismatch = Mismatch::new("a refusal that some word speaks of", found);
            return Some(("refused", mismatch));
        }

        self.is_unasserted.then(|| {
            let found = "none: a sentence that expects nothing passes whatever happens.\n\
                         Say what is expected; `.then_accepted()` if the point is that it did not refuse";
            let mismatch = Mismatch::new("at least one word after `when`", found);
            ("did something of which nothing is said", mismatch)
        })
    }
}

impl Drop for AssertionGuard {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        if thread::panicking() {
            return;
        }

        if let Some((what, mismatch)) = self.problem() {
            let (aggregate, acted_at) = (self.aggregate, self.when_location);
            panic!("{aggregate} {what}      {acted_at}\n\n{mismatch}");
        }
    }
}
