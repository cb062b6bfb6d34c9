use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    message::{CorrelationId, Priority, Processing},
};

/// What is said of a command besides its content when it is handed over.
///
/// # Examples
///
/// ```
/// use flow_domain::{Headers, message::Priority};
///
/// let headers = Headers::default().asked_by("alice").priority(Priority::HIGH);
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
    /// How urgent it is; this travels to everything that the command causes.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Who asks; this travels to everything that the command causes.
    #[must_use]
    pub fn initiated_by(mut self, who: impl Into<Arc<str>>) -> Self {
        self.initiated_by = Some(who.into());
        self
    }

    /// The flow that the command is part of, if it began elsewhere. By default it begins one.
    #[must_use]
    pub fn correlation(mut self, correlation: CorrelationId) -> Self {
        self.correlation = Some(correlation);
        self
    }

    /// By whom the events that it causes are handled, if not as the app says for all. It is said of this
    /// call: a command that is submitted or scheduled causes what the app that processes it says.
    #[must_use]
    pub fn event_processing(mut self, processing: Processing) -> Self {
        self.event_processing = Some(processing);
        self
    }

    /// Until when the command is worth to be handled. After that it is skipped: `process` returns an
    /// error for which [`Error::is_expired`](crate::Error::is_expired) is true, and an engine lets it go.
    #[must_use]
    pub fn deadline(mut self, time: Timestamp) -> Self {
        self.deadline = Some(Deadline::At(time));
        self
    }

    /// Like [`deadline`](Self::deadline), counted from when it is handed over.
    #[must_use]
    pub fn expires_after(mut self, time: Duration) -> Self {
        self.deadline = Some(Deadline::After(time));
        self
    }

    pub(super) fn deadline_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.deadline.map(|deadline| match deadline {
            Deadline::At(time) => time,
            Deadline::After(time) => now + time,
        })
    }
}
