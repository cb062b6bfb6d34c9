use std::{fmt, panic::Location};

use flow_domain::{Projection, message::Payload};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::flow::{
    Acted, Flow, HandledBy, RowsOf, StateCheck, StateOf, StepKind, Then,
    state::{Absent, All, Any, Count, Has, Is, Like, None as NoneOf, Unchanged},
};

impl<'t, S> Flow<'t, S> {
    /// Adds a check to the look that the sentence just spoke of.
    #[track_caller]
    fn check(mut self, check: impl StateCheck + 't) -> Self {
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::State(look)) = &mut step.kind
        {
            look.checks.push((Location::caller(), Box::new(check)));
        }
        self
    }
}

impl<'t, T: Serialize + DeserializeOwned + fmt::Debug + 'static> Flow<'t, StateOf<T>> {
    /// Expects that it equals `expected`, as it is stored.
    #[track_caller]
    pub fn is(self, expected: T) -> Self {
        self.check(Is(Payload::encode("the expected value", &expected)))
    }

    /// Expects that the closure holds for it.
    #[track_caller]
    pub fn has(self, holds: impl Fn(&T) -> bool + Send + Sync + 't) -> Self {
        self.check(Has::new(holds))
    }

    /// Expects that it has these fields with these values, and maybe others: `json!({ "status": "Placed" })`.
    #[track_caller]
    pub fn like(self, expected: Value) -> Self {
        self.check(Like(expected))
    }

    /// Expects that the last act left it as it was.
    ///
    /// It is also the word for what no act is to touch: a look at something that was there before the
    /// first act and is still the same fails without it, unless the last act was refused or a handler
    /// failed in it.
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

    /// Expects that there is none.
    #[track_caller]
    pub fn absent(self) -> Flow<'t, Acted> {
        self.check(Absent).into_phase()
    }
}

impl<'t, P: Projection> Flow<'t, RowsOf<P>> {
    /// Expects so many rows.
    #[track_caller]
    pub fn count(self, expected: usize) -> Self {
        self.check(Count(expected))
    }

    /// Expects that the last act left all rows as they were: none was changed, added or removed.
    #[track_caller]
    pub fn unchanged(self) -> Self {
        self.check(Unchanged)
    }

    /// Expects that the closure holds for every row, and that there is one at least.
    #[track_caller]
    pub fn all(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(All::new(holds))
    }

    /// Expects that the closure holds for one row at least.
    #[track_caller]
    pub fn any(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(Any::new(holds))
    }

    /// Expects that the closure holds for no row. Of no rows at all that is true: [`count`](Self::count)
    /// or [`any`](Self::any) says that there are some.
    #[track_caller]
    pub fn none(self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        self.check(NoneOf::new(holds))
    }
}

impl<'t> Flow<'t, HandledBy> {
    /// Expects that it handled exactly so many messages in the acts so far.
    #[track_caller]
    pub fn times(mut self, expected: usize) -> Flow<'t, Acted> {
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::Handled(handled)) = &mut step.kind
        {
            step.location = Location::caller();
            handled.set_times(expected);
        }
        self.into_phase()
    }
}
