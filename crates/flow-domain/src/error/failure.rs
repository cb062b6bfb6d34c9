use std::fmt;

use crate::error::Error;

/// A problem of which no caller learns: a handler failed on an event, or a command was handled later
/// and failed, was rejected, expired, or has no handler.
///
/// The harness reports more of them: see [`FailureOrigin`].
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerFailure {
    /// The handler that failed or rejected the command; `None` if no handler was called.
    pub handler: Option<&'static str>,
    /// The name of the message that the handler received.
    pub message: String,
    /// Why the handler failed, or the rejection.
    pub error: Error,
    origin: FailureOrigin,
}

/// Where a [`HandlerFailure`] comes from.
///
/// Production reports only the first two. The harness sees all of them, because each may hide a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureOrigin {
    /// A handler failed on the message, or the message has no handler.
    Handling,
    /// The domain rejected a command that was handled later.
    Rejected,
    /// This handler went on after an error of its unit of work, or of a command that it processed.
    Ignored(&'static str),
    /// `handle_error` of the handler failed.
    ErrorHandler,
    /// The message was given up, because the broker refused it again and again.
    Publishing,
}

impl HandlerFailure {
    /// Describes a handler that failed on a message.
    #[doc(hidden)]
    pub fn new(handler: Option<&'static str>, message: String, error: Error) -> Self {
        Self {
            handler,
            message,
            error,
            origin: FailureOrigin::Handling,
        }
    }

    /// Describes a command that failed, was rejected or had expired when it was handled later.
    pub(crate) fn of_command(handler: Option<&'static str>, command: String, error: Error) -> Self {
        let origin = if error.is_rejection() {
            FailureOrigin::Rejected
        } else {
            FailureOrigin::Handling
        };
        // The handler of an expired command was not called.
        let handler = handler.filter(|_| !error.is_expired());

        Self::new(handler, command, error).with_origin(origin)
    }

    pub(crate) fn with_origin(self, origin: FailureOrigin) -> Self {
        Self { origin, ..self }
    }

    /// Returns where the failure comes from.
    pub fn origin(&self) -> FailureOrigin {
        self.origin
    }

    /// Returns true if the domain rejected a command, which is no failure of the handler.
    ///
    /// A handler of events that returns a rejection has failed.
    pub fn is_rejected_command(&self) -> bool {
        self.origin == FailureOrigin::Rejected
    }
}

impl fmt::Display for HandlerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, error) = (&self.message, self.error.with_causes());

        match (self.origin, self.handler) {
            (FailureOrigin::Rejected, Some(handler)) => {
                write!(f, "{handler} rejected {message}: {error}")
            }
            (FailureOrigin::ErrorHandler, Some(handler)) => {
                write!(
                    f,
                    "`handle_error` of {handler} failed on {message}: {error}"
                )
            }
            (FailureOrigin::Publishing, _) => {
                write!(
                    f,
                    "{message} was never published, so no handler gets it: {error}"
                )
            }
            (FailureOrigin::Ignored(caller), Some(handler)) if caller == handler => {
                write!(f, "{caller} ignored an error on {message}: {error}")
            }
            (FailureOrigin::Ignored(caller), handler) => {
                write_failure(f, handler, message, &error)?;
                write!(
                    f,
                    "\n{caller} sent the command, and went on after the failure"
                )
            }
            (_, handler) => write_failure(f, handler, message, &error),
        }
    }
}

fn write_failure(
    f: &mut fmt::Formatter<'_>,
    handler: Option<&str>,
    message: &str,
    error: &impl fmt::Display,
) -> fmt::Result {
    match handler {
        Some(handler) => write!(f, "{handler} failed on {message}: {error}"),
        // The error itself names the command.
        None => write!(f, "{error}"),
    }
}
