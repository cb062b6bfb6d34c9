use flow_domain::{
    message::{Envelope, MessageLabels, Processing},
    testing::EngineAction,
};

use crate::system::fault::StepFault;

/// Counts the deliveries of a run that called a handler since its first act.
#[derive(Debug, Default)]
pub(super) struct DeliveryCount {
    is_counting: bool,
    n_started: u32,
    /// The fault to inject, and the number of its delivery, from 1.
    fault: Option<(StepFault, u32)>,
    /// The delivery at which the fault was injected.
    injected_at: Option<FaultedDelivery>,
    /// Whether a handler was called after the fault.
    is_followed: bool,
    /// The delivery that has started and not ended.
    current: Option<FaultedDelivery>,
}

/// A delivery of a message to a handler.
#[derive(Clone, Debug)]
pub(crate) struct FaultedDelivery {
    handler: &'static str,
    message: Envelope,
}

impl FaultedDelivery {
    /// Names the delivery: `OrderHandler on PlaceOrder`.
    pub(crate) fn describe(&self, labels: &MessageLabels) -> String {
        format!(
            "{} on {}",
            self.handler,
            labels.label_of_envelope(&self.message)
        )
    }
}

impl DeliveryCount {
    /// Creates a count that injects `fault` at the `nth` delivery.
    pub(super) fn with_fault(fault: StepFault, nth: u32) -> Self {
        Self {
            fault: Some((fault, nth)),
            ..Self::default()
        }
    }

    /// Starts to count.
    pub(super) fn start(&mut self) {
        self.is_counting = true;
    }

    pub(super) fn n_started(&self) -> u32 {
        self.n_started
    }

    pub(super) fn injected_at(&self) -> Option<&FaultedDelivery> {
        self.injected_at.as_ref()
    }

    /// Returns true if the fault was injected and could change something.
    pub(super) fn has_effect(&self) -> bool {
        let needs_more = matches!(self.fault, Some((StepFault::Restarts, _)));
        self.injected_at.is_some() && (!needs_more || self.is_followed)
    }

    /// Counts the start of a delivery, and returns true if it must fail.
    pub(super) fn start_delivery(&mut self, handler: &'static str, message: &Envelope) -> bool {
        self.is_followed |= self.injected_at.is_some();
        // An inline call does not count as a delivery: nothing would retry it.
        if !self.is_counting || message.metadata.processing == Processing::Sync {
            return false;
        }

        self.n_started += 1;
        self.current = Some(FaultedDelivery {
            handler,
            message: message.clone(),
        });

        let must_fail = self.fault == Some((StepFault::Fails, self.n_started));
        if must_fail {
            self.injected_at.clone_from(&self.current);
        }

        must_fail
    }

    /// Returns true if this commit of `handler` must conflict.
    pub(super) fn commit_must_conflict(&mut self, handler: &str) -> bool {
        let is_due = self.is_counting
            && self.injected_at.is_none()
            && self.fault == Some((StepFault::Conflicts, self.n_started));

        match &self.current {
            // Handlers that run inline within the delivery also commit. Their commits do not count.
            Some(current) if is_due && current.handler == handler => {
                self.injected_at = Some(current.clone());
                true
            }
            _ => false,
        }
    }

    /// Ends a delivery, and returns the action of the engine if it must not continue.
    ///
    /// A delivery that called no handler was not started, and has no effect.
    pub(super) fn end_delivery(&mut self) -> Option<EngineAction> {
        let current = self.current.take()?;
        let action = match self.fault? {
            (StepFault::Crashes, nth) if nth == self.n_started => EngineAction::Crash,
            (StepFault::Restarts, nth) if nth == self.n_started => EngineAction::Restart,
            _ => return None,
        };

        self.injected_at = Some(current);
        Some(action)
    }
}
