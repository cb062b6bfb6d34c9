use std::fmt;

use flow_domain::{Error, HandlerFailure};

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
    /// The failure, if it is one of a handler.
    failure: Option<&'a HandlerFailure>,
}

/// Identifies a problem in its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProblemId {
    /// The index of the act in [`Outcome::acts`].
    act_idx: usize,
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

impl Problem<'_> {
    /// The index of the act in [`Outcome::acts`].
    pub(crate) fn act_idx(&self) -> usize {
        self.id.act_idx
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, error) = (self.act.name(), self.error);
        match (self.kind, self.failure) {
            (_, Some(failure)) => fmt::Display::fmt(failure, f),
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
            let own = act.error().map(|error| Problem {
                kind: if error.is_rejection() {
                    ProblemKind::Rejection
                } else {
                    ProblemKind::CommandFailure
                },
                act,
                handler: act.handler(),
                error,
                id: ProblemId {
                    act_idx,
                    failure_idx: None,
                },
                failure: None,
            });
            let failures = act.failures().iter().enumerate();
            let downstream = failures.map(move |(idx, failure)| Problem {
                kind: ProblemKind::HandlerFailure,
                act,
                handler: failure.handler,
                error: &failure.error,
                id: ProblemId {
                    act_idx,
                    failure_idx: Some(idx),
                },
                failure: Some(failure),
            });

            own.into_iter().chain(downstream)
        })
    }
}
