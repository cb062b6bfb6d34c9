use std::panic::Location;

use flow_domain::{
    Error,
    model::{DynMessage, SerializedMessage},
    record::{Invariant, InvariantViolation},
};

use crate::flow::{Flow, Mismatch, Plan};

/// A law that is not looked after, and why.
#[derive(Clone, Debug)]
pub(crate) struct DisabledInvariant {
    pub(crate) invariant: Invariant,
    pub(crate) reason: String,
}

impl DisabledInvariant {
    /// Switches a law off, for a reason that is worth reading.
    pub(crate) fn new(
        location: &'static Location<'static>,
        law: Invariant,
        reason: &str,
    ) -> Result<Self, (&'static Location<'static>, Mismatch)> {
        let reason = reason.trim();
        if reason.is_empty() {
            let expected = format!("a reason why the law `{law}` is not looked after");
            let found = "none: whoever reads it later cannot tell whether it still holds";
            return Err((location, Mismatch::new(expected, found)));
        }

        let reason = reason.to_owned();
        Ok(Self {
            invariant: law,
            reason,
        })
    }
}

impl<S> Flow<'_, S> {
    /// Does not look after this law in this sentence, for a reason that a failure tells; see
    /// [`Invariant`](crate::Invariant).
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_harness::prelude::*;
    /// # use shop::StockReceived;
    /// use flow_harness::Invariant;
    ///
    /// FlowHarness::new(shop::domain)
    ///     .when_event(StockReceived { product_id: "tea".into(), quantity: 5 })
    ///     .then_settled()
    ///     .disable_invariant(Invariant::Rebuild, "the projector is about to be replaced")
    ///     .run();
    /// ```
    #[track_caller]
    pub fn disable_invariant(mut self, law: Invariant, reason: &str) -> Self {
        match DisabledInvariant::new(Location::caller(), law, reason) {
            Ok(unchecked) => {
                self.plan.invariants = self.plan.invariants.without(law);
                self.plan.disabled_invariants.push(unchecked);
            }
            Err(misplaced) => self.plan.invalid_call = Some(misplaced),
        }

        self
    }

    /// Writes a message down, and reads it back: what the sentence says is what is handled.
    pub(super) fn serialize(
        &mut self,
        message: &dyn DynMessage,
    ) -> Result<SerializedMessage, Error> {
        let mut written = message.to_serialized()?;
        if self.plan.invariants.has(Invariant::RoundTrip) {
            self.plan
                .add_violations(message.check_round_trip(&mut written));
        }
        Ok(written)
    }
}

impl Plan<'_> {
    /// Remembers laws that the step breaks which is said next.
    pub(super) fn add_violations(&mut self, broken: impl IntoIterator<Item = InvariantViolation>) {
        let step = self.steps.len();
        let broken = broken.into_iter().map(|broken| (step, broken));
        self.invariant_violations.extend(broken);
    }
}
