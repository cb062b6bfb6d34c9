use std::{fmt, panic::Location};

use flow_domain::{Aggregate, ProcessManager, Projection, record::TableKind, testing::StateType};

use crate::{
    expect::HandledExpectation,
    flow::{Acted, AfterAct, Expectation, Flow, HandledBy, RowsOf, StateOf, StateQuery, Then},
};

impl<'t, S> Flow<'t, S> {
    /// Expects that the aggregate with this id is stored. The methods that follow check it.
    ///
    /// The step fails if no act wrote the aggregate, because it would pass without any act. Add
    /// [`unchanged`](Flow::unchanged) if the test expects that.
    #[track_caller]
    pub fn then_aggregate<A: Aggregate>(self, id: impl fmt::Display) -> Flow<'t, StateOf<A>>
    where
        S: AfterAct,
    {
        let state_type = StateType::new::<A>(TableKind::Aggregate, A::NAME);
        let stream_category = A::EVENT_SOURCED.then_some(A::CATEGORY);
        self.query_state(state_type, Some(id.to_string()), stream_category)
    }

    /// Expects that the row with this id is stored. The methods that follow check it.
    ///
    /// The step fails if no act wrote the row, because it would pass without any act. Add
    /// [`unchanged`](Flow::unchanged) if the test expects that.
    #[track_caller]
    pub fn then_projection<P: Projection>(self, id: impl fmt::Display) -> Flow<'t, StateOf<P>>
    where
        S: AfterAct,
    {
        let state_type = StateType::new::<P>(TableKind::Projection, P::NAME);
        self.query_state(state_type, Some(id.to_string()), None)
    }

    /// Expects that the process manager with this correlation key is stored. The methods that follow
    /// check it.
    ///
    /// The step fails if no act wrote the process manager, because it would pass without any act.
    /// Add [`unchanged`](Flow::unchanged) if the test expects that.
    #[track_caller]
    pub fn then_process_manager<M: ProcessManager>(
        self,
        key: impl fmt::Display,
    ) -> Flow<'t, StateOf<M>>
    where
        S: AfterAct,
    {
        let state_type = StateType::new::<M>(TableKind::ProcessManager, M::name());
        self.query_state(state_type, Some(key.to_string()), None)
    }

    /// Reads all rows of a projection. The methods that follow check them, ordered by id.
    ///
    /// Without such a method, the step expects at least one row. The step fails if no act wrote any
    /// of the rows, because it would pass without any act. Add [`unchanged`](Flow::unchanged) if
    /// the test expects that.
    #[track_caller]
    pub fn then_projections<P: Projection>(self) -> Flow<'t, RowsOf<P>>
    where
        S: AfterAct,
    {
        let state_type = StateType::new::<P>(TableKind::Projection, P::NAME);
        self.query_state(state_type, None, None)
    }

    #[track_caller]
    fn query_state<Next>(
        self,
        state_type: StateType,
        id: Option<String>,
        stream_category: Option<&'static str>,
    ) -> Flow<'t, Next> {
        let query = StateQuery {
            state_type,
            id,
            stream_category,
            checks: Vec::new(),
        };

        self.then_step(Location::caller(), Then::State(query))
    }

    /// Expects that the handler `H`, of any kind, handled at least one message in the acts so far.
    ///
    /// [`times`](Flow::times) expects an exact number. A call does not count if it was rolled back with
    /// the handler that issued its command.
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

    /// Adds a custom expectation.
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
