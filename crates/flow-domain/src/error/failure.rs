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

/// Returns the text of an error for handlers that failed after a commit.
pub(super) fn handler_failures_text(failures: &[HandlerFailure]) -> String {
    let n_failures = failures.len();
    let noun = if n_failures == 1 {
        "handler"
    } else {
        "handlers"
    };

    let lines: Vec<String> = failures
        .iter()
        .map(|failure| format!("\n  {failure}"))
        .collect();

    format!(
        "the commit succeeded, but {n_failures} {noun} failed afterwards:{}",
        lines.concat()
    )
}
