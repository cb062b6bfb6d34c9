use std::fmt;

use crate::error::Error;

/// A handler that failed after the command was committed, with the message it was handling.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerFailure {
    /// The handler that failed.
    pub handler: &'static str,
    /// The name of the message that it was handling.
    pub message: String,
    /// Why it failed.
    pub error: Error,
}

impl HandlerFailure {
    pub(crate) fn new(handler: &'static str, message: String, error: Error) -> Self {
        Self {
            handler,
            message,
            error,
        }
    }
}

impl fmt::Display for HandlerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}: {}",
            self.handler,
            self.message,
            self.error.with_causes()
        )
    }
}
