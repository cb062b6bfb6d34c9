use std::fmt;

/// What goes wrong at every delivery of a sentence, one run for each; see
/// [`Flow::fault_at_every_step`](crate::Flow::fault_at_every_step).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StepFault {
    /// The handler fails, and is tried again.
    Fails,
    /// The handler does its work, and then its commit is refused, as if another writer had been first:
    /// what it did outside is done, and it is called again.
    Conflicts,
    /// The engine dies after the handler has committed, and before that is acknowledged: the message
    /// comes again.
    Crashes,
    /// The engine stops after the delivery, and starts again with handlers that are built anew.
    Restarts,
}

impl fmt::Display for StepFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "a failure of",
            Self::Conflicts => "a conflict at the commit of",
            Self::Crashes => "the engine dies after the commit of",
            Self::Restarts => "the engine restarts after",
        })
    }
}
