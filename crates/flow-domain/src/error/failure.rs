use std::fmt;

use crate::error::Error;

/// A problem of which no caller learns: a handler failed on an event, or a command was handled later
/// and failed, was rejected, expired, or has no handler.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerFailure {
    /// The handler that failed or rejected the command; `None` if the command expired or has no handler.
    pub handler: Option<&'static str>,
    /// The name of the message that the handler received.
    pub message: String,
    /// Why the handler failed, or the rejection.
    pub error: Error,
    is_rejected_command: bool,
}

impl HandlerFailure {
    pub(crate) fn new(handler: Option<&'static str>, message: String, error: Error) -> Self {
        Self {
            handler,
            message,
            error,
            is_rejected_command: false,
        }
    }

    /// Describes a command that failed, was rejected or had expired when it was handled later.
    pub(crate) fn of_command(handler: Option<&'static str>, command: String, error: Error) -> Self {
        Self {
            is_rejected_command: error.is_rejection(),
            // The handler of an expired command was not called.
            ..Self::new(handler.filter(|_| !error.is_expired()), command, error)
        }
    }

    /// Returns true if the domain rejected a command, which is no failure of the handler.
    ///
    /// A handler of events that returns a rejection has failed.
    pub fn is_rejected_command(&self) -> bool {
        self.is_rejected_command
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
        }
    }
}
