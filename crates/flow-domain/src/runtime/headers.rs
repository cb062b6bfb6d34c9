use std::sync::Arc;

use crate::message::{CorrelationId, Priority};

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
    pub(super) asked_by: Option<Arc<str>>,
    pub(super) correlation: Option<CorrelationId>,
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
    pub fn asked_by(mut self, who: impl Into<Arc<str>>) -> Self {
        self.asked_by = Some(who.into());
        self
    }

    /// The flow that the command is part of, if it began elsewhere. By default it begins one.
    #[must_use]
    pub fn correlation(mut self, correlation: CorrelationId) -> Self {
        self.correlation = Some(correlation);
        self
    }
}
