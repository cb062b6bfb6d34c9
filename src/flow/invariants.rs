use std::panic::Location;

use flow_domain::{
    Error,
    model::{DynMessage, SerializedMessage},
    record::{Invariant, InvariantViolation},
};

use crate::flow::{Flow, Mismatch, Plan};

/// An invariant that a run does not check, and the reason.
#[derive(Clone, Debug)]
pub(crate) struct DisabledInvariant {
    pub(crate) invariant: Invariant,
    pub(crate) reason: String,
}

impl DisabledInvariant {
    /// Returns `location` and a mismatch as the error if `reason` is blank.
    pub(crate) fn new(
        location: &'static Location<'static>,
        invariant: Invariant,
        reason: &str,
    ) -> Result<Self, (&'static Location<'static>, Mismatch)> {
        let reason = reason.trim();
        if reason.is_empty() {
            let expected = format!("a reason why the invariant `{invariant}` is disabled");
            let found =
                "no reason; a later reader cannot tell whether the invariant must stay disabled";
            return Err((location, Mismatch::new(expected, found)));
        }

        Ok(Self {
            invariant,
            reason: reason.to_owned(),
        })
    }
}

impl<S> Flow<'_, S> {
    /// Disables an [`Invariant`] in this flow. A failure prints the reason.
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
    pub fn disable_invariant(mut self, invariant: Invariant, reason: &str) -> Self {
        match DisabledInvariant::new(Location::caller(), invariant, reason) {
            Ok(disabled) => {
                self.plan.invariants = self.plan.invariants.without(invariant);
                self.plan.disabled_invariants.push(disabled);
            }
            Err(invalid_call) => self.plan.invalid_call = Some(invalid_call),
        }

        self
    }

    /// Serialises a message, and checks that it is equal after deserialisation.
    ///
    /// Handlers receive the deserialised message. Without the check, it could differ from the
    /// message in the test.
    pub(super) fn serialize(
        &mut self,
        message: &dyn DynMessage,
    ) -> Result<SerializedMessage, Error> {
        let mut serialized = message.to_serialized()?;

        if self.plan.invariants.has(Invariant::RoundTrip) {
            let violation = message.check_round_trip(&mut serialized);
            self.plan.add_violations(violation);
        }

        Ok(serialized)
    }
}

impl Plan<'_> {
    /// Adds violations of the next step, which is not yet in `steps`.
    pub(super) fn add_violations(
        &mut self,
        violations: impl IntoIterator<Item = InvariantViolation>,
    ) {
        let step_idx = self.steps.len();
        let violations = violations
            .into_iter()
            .map(|violation| (step_idx, violation));

        self.invariant_violations.extend(violations);
    }
}
