use std::{fmt, panic::Location};

use flow_domain::{Aggregate, ProcessManager, Projection, record::TableKind, runtime::Kept};

use crate::{
    expect::Handled,
    flow::{Acted, AfterAct, Expectation, Flow, HandledBy, Look, Many, One, Then},
};

impl<'t, S> Flow<'t, S> {
    /// Speaks about the aggregate with this id, as it is stored now. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_aggregate<A: Aggregate>(self, id: impl fmt::Display) -> Flow<'t, One<A>>
    where
        S: AfterAct,
    {
        let kept = Kept::new::<A>(TableKind::Aggregate, A::NAME);
        let streams = A::EVENT_SOURCED.then_some(A::CATEGORY);
        self.look(kept, Some(id.to_string()), streams)
    }

    /// Speaks about the row of a projection with this id. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_projection<P: Projection>(self, id: impl fmt::Display) -> Flow<'t, One<P>>
    where
        S: AfterAct,
    {
        let kept = Kept::new::<P>(TableKind::Projection, P::NAME);
        self.look(kept, Some(id.to_string()), None)
    }

    /// Speaks about the process manager with this correlation key. By itself, it must be there.
    ///
    /// It fails if no act wrote it and it was the same before, which [`unchanged`](Flow::unchanged) says
    /// is the point.
    #[track_caller]
    pub fn then_process_manager<M: ProcessManager>(self, key: impl fmt::Display) -> Flow<'t, One<M>>
    where
        S: AfterAct,
    {
        let kept = Kept::new::<M>(TableKind::ProcessManager, M::name());
        self.look(kept, Some(key.to_string()), None)
    }

    /// Speaks about all rows of a projection, by id. By itself, there must be some.
    ///
    /// It fails if no act wrote any and they were the same before, which [`unchanged`](Flow::unchanged)
    /// says is the point.
    #[track_caller]
    pub fn then_projections<P: Projection>(self) -> Flow<'t, Many<P>>
    where
        S: AfterAct,
    {
        let kept = Kept::new::<P>(TableKind::Projection, P::NAME);
        self.look(kept, None, None)
    }

    #[track_caller]
    fn look<Next>(
        self,
        kept: Kept,
        id: Option<String>,
        stream_category: Option<&'static str>,
    ) -> Flow<'t, Next> {
        let look = Look {
            kept,
            id,
            stream_category,
            checks: Vec::new(),
        };
        self.then_step(Location::caller(), Then::Kept(look))
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
        self.then_step(Location::caller(), Then::Handled(Handled::by::<H>()))
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
        self.then_step(Location::caller(), Then::Of(Box::new(expectation)))
    }
}
