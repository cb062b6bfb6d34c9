use std::{any::TypeId, fmt};

use flow_domain::Error;

use crate::{
    diagnosis::{Difference, Requirement, Subject},
    report::{RenderOptions, render_differences},
    run::Outcome,
};

/// Something that is expected of a flow: one's own word for [`Flow::then`](crate::Flow::then).
///
/// A closure from the outcome to `Result<(), Mismatch>` is one.
///
/// # Examples
///
/// ```
/// use flow_harness::prelude::*;
///
/// struct AtMostEvents(usize);
///
/// impl Expectation for AtMostEvents {
///     fn describe(&self) -> String {
///         format!("at most {} events", self.0)
///     }
///
///     fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
///         let n_events = outcome.events().len();
///         if n_events <= self.0 {
///             return Ok(());
///         }
///         Err(Mismatch::new(self.describe(), format!("{n_events} events")))
///     }
/// }
/// ```
pub trait Expectation: Send + Sync {
    /// Says in a few words what is expected.
    fn describe(&self) -> String;

    /// Checks it.
    ///
    /// # Errors
    ///
    /// Returns what was expected and what was found instead.
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch>;

    /// The trouble that this expectation speaks of, so that it does not fail the sentence by itself.
    fn covers(&self) -> Option<Problem> {
        None
    }

    /// Says what is no failure but may be a mistake of whoever wrote the sentence: that it cannot be
    /// otherwise, for example. It is asked once it was met, and told in
    /// [`Outcome::warnings`](crate::Outcome::warnings).
    fn warning(&self, outcome: &Outcome) -> Option<String> {
        let _ = outcome;
        None
    }

    /// Returns true if it speaks of this failure, where a handler that it speaks of failed more than
    /// once. It does by default.
    fn covers_failure(&self, failure: &Error) -> bool {
        let _ = failure;
        true
    }

    /// Returns true if it speaks of the last act only, so that after another act it is another question. It
    /// does not by default.
    fn is_about_last_act(&self) -> bool {
        false
    }

    /// Returns true if it can be checked while messages wait for an engine: if what they cause cannot
    /// change what it says. It cannot by default, and fails then.
    fn allows_pending(&self) -> bool {
        false
    }
}

impl<F> Expectation for F
where
    F: Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync,
{
    fn describe(&self) -> String {
        "what the closure says".to_owned()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self(outcome)
    }
}

/// What fails a sentence unless one of its `then` speaks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The last command was refused.
    Rejection,
    /// The handler of this Rust type failed.
    HandlerFailure(TypeId),
    /// A message was given up on after a handler failed.
    DeadLetter,
    /// A command came after its deadline.
    Expiry,
    /// Some of several commands at the same time were refused, or failed.
    ConcurrentFailure,
    /// Messages wait for an engine that was not told to run.
    PendingMessages,
}

/// How an expectation was not met.
#[derive(Clone)]
#[non_exhaustive]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
    /// The places in which the two differ, if they are alike otherwise.
    pub differences: Vec<String>,
    /// What it was about, if a cause can be searched for.
    subject: Option<Box<Subject>>,
    /// What was wanted of what was found, as data.
    pub(crate) requirement: Requirement,
}

impl Mismatch {
    /// Makes a mismatch of what was expected and what was found.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
            differences: Vec::new(),
            subject: None,
            requirement: Requirement::Predicate,
        }
    }

    /// Makes one of something that cannot be read.
    pub(crate) fn unreadable(
        expected: impl Into<String>,
        found: impl Into<String>,
        err: &Error,
    ) -> Self {
        Self {
            requirement: Requirement::Readable {
                error: err.with_causes().to_string().into(),
            },
            ..Self::new(expected, found)
        }
    }

    /// Says what was wanted.
    pub(crate) fn with_requirement(self, want: Requirement) -> Self {
        Self {
            requirement: want,
            ..self
        }
    }

    /// Says what it is about, so that a cause can be searched for.
    pub(crate) fn with_subject(mut self, sought: Subject) -> Self {
        self.subject.get_or_insert_with(|| Box::new(sought));
        self
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.subject.as_deref()
    }

    /// Names the fields in which the two differ.
    pub(crate) fn with_field_differences(mut self, fields: Vec<Difference>) -> Self {
        self.differences = render_differences(&fields);
        if !fields.is_empty() {
            self.requirement = Requirement::Fields(fields);
        }
        self
    }

    /// Names the places in which the two differ.
    #[must_use]
    pub fn with_differences(mut self, differences: Vec<String>) -> Self {
        self.differences = differences;
        self
    }
}

/// What it says; not what it was about.
impl PartialEq for Mismatch {
    fn eq(&self, other: &Self) -> bool {
        self.expected == other.expected
            && self.found == other.found
            && self.differences == other.differences
    }
}

impl Eq for Mismatch {}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mismatch")
            .field("expected", &self.expected)
            .field("found", &self.found)
            .field("differences", &self.differences)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f, &RenderOptions::UNLIMITED)
    }
}
