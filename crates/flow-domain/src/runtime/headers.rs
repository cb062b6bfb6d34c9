use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    message::{CorrelationId, Priority, Processing},
};

/// Metadata that the caller sets for a command, or the publisher for an event.
///
/// # Examples
///
/// ```
/// use flow_domain::{Headers, message::Priority};
///
/// let headers = Headers::default().initiated_by("alice").priority(Priority::HIGH);
/// # let _ = headers;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Headers {
    pub(super) priority: Priority,
    pub(super) initiated_by: Option<Arc<str>>,
    pub(super) correlation: Option<CorrelationId>,
    pub(super) event_processing: Option<Processing>,
    deadline: Option<Deadline>,
}

#[derive(Clone, Copy, Debug)]
enum Deadline {
    At(Timestamp),
    After(Duration),
}

impl Headers {
    /// Sets the priority of the command, and of everything that it causes.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the initiator of the command, and of everything that it causes.
    #[must_use]
    pub fn initiated_by(mut self, initiator: impl Into<Arc<str>>) -> Self {
        self.initiated_by = Some(initiator.into());
        self
    }

    /// Sets the correlation id of the command. By default, the command gets a new one.
    #[must_use]
    pub fn correlation(mut self, correlation: CorrelationId) -> Self {
        self.correlation = Some(correlation);
        self
    }

    /// Sets whether the events of the command are handled inline or by an engine.
    ///
    /// By default, the setting of the app applies. This header has no effect on a command that is
    /// submitted or scheduled.
    #[must_use]
    pub fn event_processing(mut self, processing: Processing) -> Self {
        self.event_processing = Some(processing);
        self
    }

    /// Sets the deadline of the command. After the deadline, the command is no longer handled.
    ///
    /// `process` then returns an error for which [`Error::is_expired`](crate::Error::is_expired) is true.
    /// An engine skips the command.
    #[must_use]
    pub fn deadline(mut self, time: Timestamp) -> Self {
        self.deadline = Some(Deadline::At(time));
        self
    }

    /// Sets the [`deadline`](Self::deadline) to this duration after the app receives the command.
    #[must_use]
    pub fn expires_after(mut self, duration: Duration) -> Self {
        self.deadline = Some(Deadline::After(duration));
        self
    }

    /// Returns the deadline of a command that the app receives at `now`.
    pub(super) fn deadline_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.deadline.map(|deadline| match deadline {
            Deadline::At(time) => time,
            Deadline::After(duration) => now + duration,
        })
    }
}
