use std::{fmt, panic::Location};

use flow_domain::{Aggregate, ProcessManager, Projection, record::TableKind, runtime::StateType};

use crate::{
    expect::HandledExpectation,
    flow::{Acted, AfterAct, Expectation, Flow, HandledBy, RowsOf, StateOf, StateQuery, Then},
};

impl<'t, S> Flow<'t, S> {
    /// Speaks about the aggregate with this id, as it is stored now. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_aggregate<A: Aggregate>(self, id: impl fmt::Display) -> Flow<'t, StateOf<A>>
    where
        S: AfterAct,
    {
        let kept = StateType::new::<A>(TableKind::Aggregate, A::NAME);
        let streams = A::EVENT_SOURCED.then_some(A::CATEGORY);
        self.query_state(kept, Some(id.to_string()), streams)
    }

    /// Speaks about the row of a projection with this id. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_projection<P: Projection>(self, id: impl fmt::Display) -> Flow<'t, StateOf<P>>
    where
        S: AfterAct,
    {
        let kept = StateType::new::<P>(TableKind::Projection, P::NAME);
        self.query_state(kept, Some(id.to_string()), None)
    }

    /// Speaks about the process manager with this correlation key. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_process_manager<M: ProcessManager>(
        self,
        key: impl fmt::Display,
    ) -> Flow<'t, StateOf<M>>
    where
        S: AfterAct,
    {
        let kept = StateType::new::<M>(TableKind::ProcessManager, M::name());
        self.query_state(kept, Some(key.to_string()), None)
    }

    /// Speaks about all rows of a projection, by id. By itself, there must be some.
    ///
    /// It fails if no act wrote any and they were the same before, which [`unchanged`](Flow::unchanged)
    /// says is the point.
    #[track_caller]
    pub fn then_projections<P: Projection>(self) -> Flow<'t, RowsOf<P>>
    where
        S: AfterAct,
    {
        let kept = StateType::new::<P>(TableKind::Projection, P::NAME);
        self.query_state(kept, None, None)
    }

    #[track_caller]
    fn query_state<Next>(
        self,
        kept: StateType,
        id: Option<String>,
        stream_category: Option<&'static str>,
    ) -> Flow<'t, Next> {
        let look = StateQuery {
            state_type: kept,
            id,
            stream_category,
            checks: Vec::new(),
        };
        self.then_step(Location::caller(), Then::State(look))
    }

    /// Expects that the handler `H`, of whatever kind, handled something in the acts so far.
    /// [`times`](Flow::times) says how often.
    ///
    /// What was rolled back with the handler that issued the command does not count.
    #[track_caller]
    pub fn then_handled_by<H: 'static>(self) -> Flow<'t, HandledBy>
    where
        S: AfterAct,
    {
        self.then_step(
            Location::caller(),
            Then::Handled(HandledExpectation::by::<H>()),
        )
    }

    /// Expects what the user's own expectation says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use shop::StockReceived;
    /// use flow_harness::prelude::*;
    ///
    /// FlowHarness::new(shop::domain)
    ///     .when_event(StockReceived { product_id: "prod-1".into(), quantity: 5 })
    ///     .then(|outcome: &Outcome| match outcome.events().len() {
    ///         0 => Ok(()),
    ///         n_events => Err(Mismatch::new("no reaction", format!("{n_events} events"))),
    ///     })
    ///     .run();
    /// ```
    #[track_caller]
    pub fn then(self, expectation: impl Expectation + 't) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expectation)
    }

    #[track_caller]
    pub(super) fn expect<Next>(self, expectation: impl Expectation + 't) -> Flow<'t, Next> {
        self.then_step(Location::caller(), Then::Expectation(Box::new(expectation)))
    }
}
