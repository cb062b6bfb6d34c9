use std::{fmt, panic::Location};

use flow_domain::{Projection, message::Payload};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::flow::{
    Acted, Flow, HandledBy, RowsOf, StateCheck, StateOf, StepKind, Then,
    state::{Absent, All, Any, Count, Has, Is, Like, NoneOf, Unchanged},
};

impl<'t, S> Flow<'t, S> {
    /// Adds a check to the state query of the last step.
    #[track_caller]
    fn check(mut self, check: impl StateCheck + 't) -> Self {
        // Only phases after a state query call this method, so the last step is a state query.
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::State(query)) = &mut step.kind
        {
            query.checks.push((Location::caller(), Box::new(check)));
        }

        self
    }
}

impl<'t, T: Serialize + DeserializeOwned + fmt::Debug + 'static> Flow<'t, StateOf<T>> {
    /// Expects that the state equals `expected`. Their stored forms are compared.
    #[track_caller]
    pub fn is(self, expected: T) -> Self {
        self.check(Is(Payload::encode("the expected value", &expected)))
    }

    /// Expects that `holds` returns true for the state.
    #[track_caller]
    pub fn has(self, holds: impl Fn(&T) -> bool + Send + Sync + 't) -> Self {
        self.check(Has::new(holds))
    }

    /// Expects that the state has these fields with these values: `json!({ "status": "Placed" })`.
    ///
    /// The state may have other fields.
    #[track_caller]
    pub fn like(self, expected: Value) -> Self {
        self.check(Like(expected))
    }

    /// Expects that the last act did not change the state.
    ///
    /// Call this if no act wrote the state. Otherwise the step fails, unless the last act was
    /// rejected or one of its handlers failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_harness::prelude::*;
    /// use shop::{Inventory, StockReceived};
    ///
    /// let received = |product: &str| StockReceived { product_id: product.into(), quantity: 5 };
    ///
    /// FlowHarness::new(shop::domain)
    ///     .given_events(received("tea"))
    ///     .when_event(received("salt"))
    ///     .then_aggregate::<Inventory>("tea")
    ///     .has(|inventory| inventory.available == 5)
    ///     .unchanged()
    ///     .run();
    /// ```
    #[track_caller]
    pub fn unchanged(self) -> Self {
        self.check(Unchanged)
    }

    /// Expects that there is no such state.
    #[track_caller]
    pub fn absent(self) -> Flow<'t, Acted> {
        self.check(Absent).into_phase()
    }
}

impl<'t, P: Projection> Flow<'t, RowsOf<P>> {
    /// Expects exactly this number of rows.
    #[track_caller]
    pub fn count(self, expected: usize) -> Self {
        self.check(Count(expected))
    }

    /// Expects that the last act did not change, add or remove any row.
    #[track_caller]
    pub fn unchanged(self) -> Self {
        self.check(Unchanged)
    }

    /// Expects that `holds` returns true for every row, and that there is at least one row.
    #[track_caller]
    pub fn all(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(All::new(holds))
    }

    /// Expects that `holds` returns true for at least one row.
    #[track_caller]
    pub fn any(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(Any::new(holds))
    }

    /// Expects that `holds` returns true for no row.
    ///
    /// This passes if there are no rows. Add [`count`](Self::count) or [`any`](Self::any) to expect
    /// rows.
    #[track_caller]
    pub fn none(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(NoneOf::new(holds))
    }
}

impl<'t> Flow<'t, HandledBy> {
    /// Expects that the handler handled exactly this number of messages in the acts so far.
    #[track_caller]
    pub fn times(mut self, expected: usize) -> Flow<'t, Acted> {
        // The phase guarantees that the last step is `then_handled_by`.
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::Handled(handled)) = &mut step.kind
        {
            step.location = Location::caller();
            handled.set_times(expected);
        }

        self.into_phase()
    }
}
