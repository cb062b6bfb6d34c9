use std::fmt;

use crate::error::Error;

/// A handler that failed after the command was committed, or a command without a handler.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerFailure {
    /// The handler that failed; `None` if the message is a command without a handler.
    pub handler: Option<&'static str>,
    /// The name of the message that the handler received.
    pub message: String,
    /// Why the handler failed.
    pub error: Error,
}

impl HandlerFailure {
    pub(crate) fn new(handler: Option<&'static str>, message: String, error: Error) -> Self {
        Self {
            handler,
            message,
            error,
        }
    }
}

impl fmt::Display for HandlerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.error.with_causes();

        match self.handler {
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
