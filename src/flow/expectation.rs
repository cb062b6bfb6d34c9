use std::{any::TypeId, fmt};

use flow_domain::Error;

use crate::{
    diagnosis::{Difference, Requirement, Subject},
    report::{RenderOptions, render_differences},
    run::Outcome,
};

/// A custom expectation for [`Flow::then`](crate::Flow::then).
///
/// A closure from the outcome to `Result<(), Mismatch>` is an expectation, too.
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
    /// Describes in a few words what is expected.
    fn describe(&self) -> String;

    /// Checks the outcome.
    ///
    /// # Errors
    ///
    /// Returns a mismatch if the outcome is not as expected.
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch>;

    /// Returns the problem that this expectation covers. A covered problem does not fail the flow.
    ///
    /// The default is `None`.
    fn covers(&self) -> Option<Problem> {
        None
    }

    /// Returns a warning about a probable mistake in the test.
    ///
    /// An example is an expectation that could never fail. The harness calls this method after the
    /// check passed, and adds the text to [`Outcome::warnings`](crate::Outcome::warnings).
    fn warning(&self, outcome: &Outcome) -> Option<String> {
        let _ = outcome;
        None
    }

    /// Returns true if the problem in [`covers`](Self::covers) includes this failure of a handler.
    ///
    /// The harness calls this for each failure: a handler can fail more than once. The default is
    /// true.
    fn covers_failure(&self, failure: &Error) -> bool {
        let _ = failure;
        true
    }

    /// Returns true if this expectation checks only the last act before it.
    ///
    /// Its result then depends on its place in the flow.
    ///
    /// The default is false.
    fn is_about_last_act(&self) -> bool {
        false
    }

    /// Returns true if this expectation can be checked while messages are pending.
    ///
    /// Return true only if the effects of pending messages cannot change the result. The default is
    /// false: pending messages then fail the step.
    fn allows_pending(&self) -> bool {
        false
    }
}

impl<F> Expectation for F
where
    F: Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync,
{
    fn describe(&self) -> String {
        "closure".to_owned()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self(outcome)
    }
}

/// A problem that fails a flow unless one of its `then` steps covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The last command was rejected.
    Rejection,
    /// The handler of this Rust type failed.
    HandlerFailure(TypeId),
    /// A message was dead-lettered after a handler failed.
    DeadLetter,
    /// A command was delivered after its deadline.
    Expiry,
    /// Some of several concurrent commands were rejected, or failed.
    ConcurrentFailure,
    /// Messages are pending because a paused engine did not run.
    PendingMessages,
}

/// The reason why an expectation was not met.
#[derive(Clone)]
#[non_exhaustive]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
    /// The differences between `expected` and `found`, one per line.
    pub differences: Vec<String>,
    /// The subject of the diagnosis, if there is one.
    subject: Option<Box<Subject>>,
    /// The requirement that was not met, as data for the diagnosis.
    pub(crate) requirement: Requirement,
}

impl Mismatch {
    /// Creates a mismatch from what was expected and what was found.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
            differences: Vec::new(),
            subject: None,
            requirement: Requirement::Predicate,
        }
    }

    /// Creates a mismatch for a stored value that cannot be read.
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

    /// Sets the requirement that was not met.
    pub(crate) fn with_requirement(self, requirement: Requirement) -> Self {
        Self {
            requirement,
            ..self
        }
    }

    /// Sets the subject of the diagnosis, unless it is already set.
    pub(crate) fn with_subject(mut self, subject: Subject) -> Self {
        self.subject.get_or_insert_with(|| Box::new(subject));
        self
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.subject.as_deref()
    }

    /// Sets the differences, from the fields in which the expected and the found value differ.
    pub(crate) fn with_field_differences(mut self, fields: Vec<Difference>) -> Self {
        self.differences = render_differences(&fields);
        if !fields.is_empty() {
            self.requirement = Requirement::Fields(fields);
        }
        self
    }

    /// Sets the differences between `expected` and `found`, one per line.
    #[must_use]
    pub fn with_differences(mut self, differences: Vec<String>) -> Self {
        self.differences = differences;
        self
    }
}

/// Compares the texts only, not the data for the diagnosis.
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
