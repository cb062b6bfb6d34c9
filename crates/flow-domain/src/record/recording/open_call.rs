use std::fmt;

use crate::record::{Entry, EntryKind, HandlerOutcome};

/// A call of a handler that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenCall {
    /// The handler.
    pub handler: &'static str,
    /// The name of the message, if it is known.
    pub message: Option<String>,
    /// Whether the method failed, and `handle_error` was called.
    pub is_error_handler: bool,
}

impl OpenCall {
    /// Finds the last call in these entries that has not ended.
    pub(super) fn find(entries: &[Entry]) -> Option<Self> {
        // Concurrent commands do not end in the order in which they started.
        let mut ended = Vec::new();
        for entry in entries.iter().rev() {
            match &entry.kind {
                EntryKind::HandlerEnded(_) => ended.extend(entry.cause),
                EntryKind::HandlerStarted { .. } if !ended.contains(&entry.id) => {
                    return Self::new(entry, entries, false);
                }
                _ => {}
            }
        }

        // No call is open. A failed call is followed by `handle_error`, which has no entry.
        let last = entries.last()?;
        let EntryKind::HandlerEnded(HandlerOutcome::Failed(_)) = &last.kind else {
            return None;
        };
        let started = entries.iter().rfind(|entry| Some(entry.id) == last.cause)?;
        Self::new(started, entries, true)
    }

    fn new(started: &Entry, entries: &[Entry], is_error_handler: bool) -> Option<Self> {
        let EntryKind::HandlerStarted { handler, .. } = &started.kind else {
            return None;
        };
        let message = entries
            .iter()
            .find(|entry| Some(entry.id) == started.cause)
            .and_then(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some(event.metadata()),
                EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => {
                    Some(&command.metadata)
                }
                _ => None,
            })
            .map(|metadata| metadata.message_type.name().to_owned());

        Some(Self {
            handler,
            message,
            is_error_handler,
        })
    }
}

impl fmt::Display for OpenCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.handler)?;
        if self.is_error_handler {
            f.write_str(", in `handle_error`,")?;
        }

        match &self.message {
            Some(message) => write!(f, " on {message}"),
            None => Ok(()),
        }
    }
}
