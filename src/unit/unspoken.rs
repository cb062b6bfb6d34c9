use std::{panic::Location, thread};

use crate::flow::Mismatch;

/// Panics when it is dropped before a word was said, or before one spoke of a refusal: such a test would
/// pass whatever the method does.
#[derive(Debug)]
pub(super) struct Unspoken {
    aggregate: &'static str,
    acted_at: &'static Location<'static>,
    /// What the method refused with, until a word speaks of it.
    refusal: Option<String>,
    is_silent: bool,
}

impl Unspoken {
    pub(super) fn new(
        aggregate: &'static str,
        acted_at: &'static Location<'static>,
        refusal: Option<String>,
    ) -> Self {
        Self {
            aggregate,
            acted_at,
            refusal,
            is_silent: true,
        }
    }

    /// Something was said of what the method left behind.
    pub(super) fn say(&mut self) {
        self.is_silent = false;
    }

    /// It was said that the method refused.
    pub(super) fn say_refused(&mut self) {
        self.refusal = None;
    }

    /// A line about the refusal, if no word spoke of it and this mismatch does not either.
    pub(super) fn besides(&self, mismatch: &Mismatch) -> String {
        match &self.refusal {
            Some(refusal) if !mismatch.found.contains(refusal) => {
                format!("\n\n  the method refused with {refusal}")
            }
            _ => String::new(),
        }
    }

    fn trouble(&self) -> Option<(&'static str, Mismatch)> {
        if let Some(refusal) = &self.refusal {
            let found = format!(
                "it refused with {refusal}\n\
                 If that is the point, say so: `.then_rejected(..)`"
            );
            let mismatch = Mismatch::new("a refusal that some word speaks of", found);
            return Some(("refused", mismatch));
        }
        self.is_silent.then(|| {
            let found = "none: a sentence that expects nothing passes whatever happens.\n\
                         Say what is expected; `.then_accepted()` if the point is that it did not refuse";
            let mismatch = Mismatch::new("at least one word after `when`", found);
            ("did something of which nothing is said", mismatch)
        })
    }
}

impl Drop for Unspoken {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        if thread::panicking() {
            return;
        }
        if let Some((what, mismatch)) = self.trouble() {
            let (aggregate, acted_at) = (self.aggregate, self.acted_at);
            panic!("{aggregate} {what}      {acted_at}\n\n{mismatch}");
        }
    }
}
