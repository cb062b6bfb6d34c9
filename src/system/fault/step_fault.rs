use std::fmt;

/// A fault that is injected at every delivery of a flow, one run for each delivery.
///
/// See [`Flow::fault_at_every_step`](crate::Flow::fault_at_every_step).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StepFault {
    /// The attempt fails without a call of the handler, and is retried.
    Fails,
    /// The commit of the handler fails with a conflict, and the handler is retried.
    ///
    /// Its effects outside of the store, such as a sent mail, are not rolled back.
    Conflicts,
    /// The engine crashes after the handler commits, and before the acknowledgement.
    ///
    /// The engine redelivers the message. The clock does not move.
    Crashes,
    /// The engine stops after the delivery, and starts again with newly built handlers.
    Restarts,
}

impl fmt::Display for StepFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "a failure of",
            Self::Conflicts => "a conflict at the commit of",
            Self::Crashes => "the engine crashes after the commit of",
            Self::Restarts => "the engine restarts after",
        })
    }
}
