use std::fmt;

use crate::error::Error;

/// A problem of which no caller learns: a handler failed on an event, or a command was handled later
/// and failed, was rejected, or has no handler.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerFailure {
    /// The handler that failed or rejected the command; `None` for a command without a handler.
    pub handler: Option<&'static str>,
    /// The name of the message that the handler received.
    pub message: String,
    /// Why the handler failed, or the rejection.
    pub error: Error,
    is_rejected_command: bool,
    /// The handler that sent the command and went on after its failure. Only tests report those.
    ignored_by: Option<&'static str>,
}

impl HandlerFailure {
    pub(crate) fn new(handler: Option<&'static str>, message: String, error: Error) -> Self {
        Self {
            handler,
            message,
            error,
            is_rejected_command: false,
            ignored_by: None,
        }
    }

    /// Describes the failure of a command with which `caller`, the handler that sent it, went on.
    #[cfg(feature = "testing")]
    pub(crate) fn ignored(
        handler: Option<&'static str>,
        command: String,
        error: Error,
        caller: &'static str,
    ) -> Self {
        Self {
            ignored_by: Some(caller),
            ..Self::new(handler, command, error)
        }
    }

    /// Describes a command that failed or was rejected when it was handled later.
    pub(crate) fn of_command(handler: Option<&'static str>, command: String, error: Error) -> Self {
        Self {
            is_rejected_command: error.is_rejection(),
            ..Self::new(handler, command, error)
        }
    }

    /// Returns true if the domain rejected a command, which is no failure of the handler.
    ///
    /// A handler of events that returns a rejection has failed.
    pub fn is_rejected_command(&self) -> bool {
        self.is_rejected_command
    }

    /// Returns the handler that processed the command as part of its own work, and went on after the
    /// command failed.
    ///
    /// Only the harness reports such a failure. In production it is the decision of that handler.
    pub fn ignored_by(&self) -> Option<&'static str> {
        self.ignored_by
    }
}

impl fmt::Display for HandlerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.error.with_causes();

        match self.handler {
            Some(handler) if self.is_rejected_command => {
                write!(f, "{handler} rejected {}: {error}", self.message)
            }
            Some(handler) => write!(f, "{handler} failed on {}: {error}", self.message),
            // The error itself says that the command has no handler.
            None => write!(f, "{error}"),
        }?;

        match self.ignored_by {
            Some(caller) => write!(
                f,
                "\n{caller} sent the command, and went on after the failure"
            ),
            None => Ok(()),
        }
    }
}
