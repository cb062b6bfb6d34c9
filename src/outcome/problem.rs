use std::fmt;

use flow_domain::Error;

use crate::outcome::{ActOutcome, Outcome};

/// A rejection or a failure of the last act.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProblemId {
    /// The index of the act in [`Outcome::acts`].
    pub(crate) act_idx: usize,
    /// The index in [`ActOutcome::failures`]; `None` for the command itself.
    failure_idx: Option<usize>,
}

/// What went wrong in an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The command was rejected.
    Rejection,
    /// The command failed.
    CommandFailure,
    /// A handler rejected a message that the act caused, or failed on it.
    HandlerFailure,
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, error) = (self.act.name(), self.error);
        match (self.kind, self.id.failure_idx) {
            (_, Some(idx)) => write!(f, "{}", self.act.failures()[idx]),
            (ProblemKind::Rejection, None) => write!(f, "{name} was rejected: {error}"),
            (_, None) => write!(f, "{name} failed: {}", error.with_causes()),
        }
    }
}

impl Outcome {
    /// Returns the problems of the last act, or of the last concurrent commands.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem<'_>> {
        let acts = self.overlapping_acts();
        let first_idx = self.acts().len() - acts.len();

        acts.iter().enumerate().flat_map(move |(idx, act)| {
            let act_idx = first_idx + idx;
            let problem = move |kind, handler, error, failure_idx| Problem {
                kind,
                act,
                handler,
                error,
                id: ProblemId {
                    act_idx,
                    failure_idx,
                },
            };

            let own = act.error().map(|error| {
                let kind = if error.is_rejection() {
                    ProblemKind::Rejection
                } else {
                    ProblemKind::CommandFailure
                };
                problem(kind, act.handler(), error, None)
            });
            let failures = act.failures().iter().enumerate();
            let downstream = failures.map(move |(idx, failure)| {
                let kind = ProblemKind::HandlerFailure;
                problem(kind, failure.handler, &failure.error, Some(idx))
            });

            own.into_iter().chain(downstream)
        })
    }
}
