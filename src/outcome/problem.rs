use std::fmt;

use flow_domain::Error;

use crate::outcome::{ActOutcome, Outcome};

/// A rejection, an expired command or a failure of the last act.
///
/// It fails the flow, unless a `then` step of the same act covers it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// What went wrong.
    pub kind: ProblemKind,
    /// The act. With several concurrent commands, it is the one that has the problem.
    pub act: &'a ActOutcome,
    /// The handler that rejected the message or failed; `None` if the message has no handler.
    pub handler: Option<&'static str>,
    /// The rejection or the failure.
    pub error: &'a Error,
    pub(crate) id: ProblemId,
}

/// Identifies a problem in its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProblemId {
    /// The index of the act in [`Outcome::acts`].
    pub(crate) act_idx: usize,
    /// The index in [`ActOutcome::failures`]; `None` for the command itself.
    failure_idx: Option<usize>,
}

/// The number of problems of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProblemCount {
    /// Commands that were rejected, at once or later.
    pub(crate) rejected: usize,
    /// Handlers that failed, of any kind.
    pub(crate) failed: usize,
    /// Commands that no handler handles.
    pub(crate) unhandled: usize,
    /// Commands that arrived after their deadline.
    pub(crate) expired: usize,
}

/// What went wrong in an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The command was rejected.
    Rejection,
    /// The command failed.
    CommandFailure,
    /// A command was handled later and rejected: one that was submitted, scheduled or issued.
    LaterRejection,
    /// A command arrived after its deadline, so no handler was called.
    Expired,
    /// A handler failed on a message that the act caused.
    HandlerFailure,
}

impl Problem<'_> {
    /// Returns the label of the message that was rejected, or on which the handler failed.
    pub(crate) fn message(&self) -> &str {
        match self.id.failure_idx {
            Some(idx) => &self.act.failures()[idx].message,
            None => self.act.name(),
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, error) = (self.act.name(), self.error);
        match (self.kind, self.id.failure_idx) {
            (_, Some(idx)) => write!(f, "{}", self.act.failures()[idx]),
            (ProblemKind::Rejection, None) => write!(f, "{name} was rejected: {error}"),
            (ProblemKind::Expired, None) => write!(f, "{error}"),
            (_, None) => write!(f, "{name} failed: {}", error.with_causes()),
        }
    }
}

impl ActOutcome {
    /// Returns the problems of this act. All texts and counts are made from these.
    ///
    /// `act_idx` is the index of the act in [`Outcome::acts`].
    pub(crate) fn problems(&self, act_idx: usize) -> impl Iterator<Item = Problem<'_>> {
        let problem = move |kind, handler, error, failure_idx| Problem {
            kind,
            act: self,
            handler,
            error,
            id: ProblemId {
                act_idx,
                failure_idx,
            },
        };

        let own = self.error().map(|error| {
            let kind = if error.is_rejection() {
                ProblemKind::Rejection
            } else if error.is_expired() {
                ProblemKind::Expired
            } else {
                ProblemKind::CommandFailure
            };
            problem(kind, self.handler(), error, None)
        });
        let failures = self.failures().iter().enumerate();
        let downstream = failures.map(move |(idx, failure)| {
            let kind = if failure.is_rejected_command() {
                ProblemKind::LaterRejection
            } else if failure.error.is_expired() {
                ProblemKind::Expired
            } else {
                ProblemKind::HandlerFailure
            };
            problem(kind, failure.handler, &failure.error, Some(idx))
        });

        own.into_iter().chain(downstream)
    }
}

impl Outcome {
    /// Returns the problems of the last act, or of the last concurrent commands.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem<'_>> {
        let acts = self.overlapping_acts();
        let first_idx = self.acts().len() - acts.len();

        acts.iter()
            .enumerate()
            .flat_map(move |(idx, act)| act.problems(first_idx + idx))
    }

    /// Counts the problems of all acts, and of the given step that failed.
    pub(crate) fn count_problems(&self) -> ProblemCount {
        self.acts()
            .iter()
            .chain(&self.failed_given)
            .map(|act| ProblemCount::of(act.problems(0)))
            .fold(ProblemCount::default(), |sum, count| ProblemCount {
                rejected: sum.rejected + count.rejected,
                failed: sum.failed + count.failed,
                unhandled: sum.unhandled + count.unhandled,
                expired: sum.expired + count.expired,
            })
    }
}

impl ProblemCount {
    pub(crate) fn of<'a>(problems: impl Iterator<Item = Problem<'a>>) -> Self {
        let mut count = Self::default();
        for problem in problems {
            match (problem.kind, problem.handler) {
                (ProblemKind::Rejection | ProblemKind::LaterRejection, _) => count.rejected += 1,
                (ProblemKind::Expired, _) => count.expired += 1,
                (_, Some(_)) => count.failed += 1,
                (_, None) if problem.error.is_no_handler() => count.unhandled += 1,
                // The test or an adapter failed, and no handler.
                (_, None) => {}
            }
        }

        count
    }
}
