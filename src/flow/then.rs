use std::{fmt, panic::Location};

use flow_domain::{
    Aggregate, Event, Id, ProcessManager, Projection, Rejection,
    model::{AnyEvent, IntoMessages},
};
use serde::Serialize;

use crate::{
    expect::{self, Expectation, HandledBy, State},
    flow::{Acted, AfterAct, Expecting, Flow, phase::Phase},
};

impl<'t, S: Phase + 't, K> Flow<'t, S, K> {
    /// Adds an expectation: a value of [`expect`](crate::expect), a tuple, or a type of your own.
    ///
    /// Each expectation of a tuple becomes a step.
    ///
    /// # Examples
    ///
    /// ```
    /// # use shop::StockReceived;
    /// use flow_harness::prelude::*;
    ///
    /// FlowHarness::new(shop::domain)
    ///     .mode(Mode::Engine)
    ///     .when_event(StockReceived { product_id: "prod-1".into(), quantity: 5 })
    ///     .then((expect::no_events(), expect::dead_letters().none()))
    ///     .then(|outcome: &Outcome| match outcome.warnings().len() {
    ///         0 => Ok(()),
    ///         n => Err(Mismatch::new("no warnings", format!("{n} warnings"))),
    ///     })
    ///     .run();
    /// ```
    #[track_caller]
    pub fn then(self, expectation: impl Expectation + 't) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
    {
        let mut flow = self.into_phase(Acted::new());
        flow.plan.push_expectation(Location::caller(), expectation);
        flow
    }

    /// Adds an expectation that further methods refine.
    #[track_caller]
    pub(super) fn expecting<X>(self, expectation: X) -> Flow<'t, Expecting<X>, K> {
        let location = Location::caller();
        self.into_phase(Expecting {
            location,
            expectation,
        })
    }

    /// Short for `then(`[`expect::events`]`(expected))`.
    #[track_caller]
    pub fn then_events<M: IntoMessages<AnyEvent> + 't>(self, expected: M) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
    {
        self.then(expect::events(expected))
    }

    /// Short for `then(`[`expect::no_events`]`())`.
    #[track_caller]
    pub fn then_no_events(self) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
    {
        self.then(expect::no_events())
    }

    /// Short for `then(`[`expect::accepted`]`())`.
    #[track_caller]
    pub fn then_accepted(self) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
    {
        self.then(expect::accepted())
    }

    /// Short for `then(`[`expect::reply`]`(expected))`.
    #[track_caller]
    pub fn then_reply<R>(self, expected: R) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
        R: PartialEq + fmt::Debug + Send + Sync + 'static,
    {
        self.then(expect::reply(expected))
    }

    /// Short for `then(`[`expect::settled`]`())`.
    #[track_caller]
    pub fn then_settled(self) -> Flow<'t, Acted, K>
    where
        S: AfterAct,
    {
        self.then(expect::settled())
    }
}

impl<'t, S: Phase + 't> Flow<'t, S> {
    /// Short for `then(`[`expect::event`]`(expected))`.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.then(expect::event(expected))
    }

    /// Short for `then(`[`expect::rejected`]`(expected))`.
    #[track_caller]
    pub fn then_rejected<R: Rejection + PartialEq>(self, expected: R) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.then(expect::rejected(expected))
    }

    /// Short for `then(`[`expect::aggregate`]`::<A>(id))`. The methods that follow check it.
    #[track_caller]
    pub fn then_aggregate<A: Aggregate>(self, id: impl Id) -> Flow<'t, Expecting<State<'t, A>>>
    where
        S: AfterAct,
    {
        self.expecting(expect::aggregate(id))
    }

    /// Short for `then(`[`expect::projection`]`::<P>(id))`. The methods that follow check it.
    #[track_caller]
    pub fn then_projection<P: Projection>(self, id: impl Id) -> Flow<'t, Expecting<State<'t, P>>>
    where
        S: AfterAct,
    {
        self.expecting(expect::projection(id))
    }

    /// Short for `then(`[`expect::process_manager`]`::<M>(key))`. The methods that follow check it.
    #[track_caller]
    pub fn then_process_manager<M: ProcessManager>(
        self,
        key: impl Id,
    ) -> Flow<'t, Expecting<State<'t, M>>>
    where
        S: AfterAct,
    {
        self.expecting(expect::process_manager(key))
    }

    /// Short for `then(`[`expect::handled_by`]`::<H>())`. [`times`](Flow::times) may follow.
    #[track_caller]
    pub fn then_handled_by<H: 'static>(self) -> Flow<'t, Expecting<HandledBy>>
    where
        S: AfterAct,
    {
        self.expecting(expect::handled_by::<H>())
    }
}

impl<'t, T, K> Flow<'t, Expecting<State<'t, T>>, K>
where
    T: fmt::Debug + 'static,
{
    /// Expects that the state equals `expected`. See [`State::is`].
    #[track_caller]
    pub fn is(mut self, expected: T) -> Self {
        self.phase.expectation = self.phase.expectation.is(expected);
        self
    }

    /// Expects that `holds` returns true for the state. See [`State::has`].
    #[track_caller]
    pub fn has(mut self, holds: impl Fn(&T) -> bool + Send + Sync + 't) -> Self {
        self.phase.expectation = self.phase.expectation.has(holds);
        self
    }

    /// Expects that the last act did not change the state. See [`State::unchanged`].
    #[track_caller]
    pub fn unchanged(mut self) -> Self {
        self.phase.expectation = self.phase.expectation.unchanged();
        self
    }

    /// Expects that there is no such state.
    #[track_caller]
    pub fn absent(mut self) -> Flow<'t, Acted, K> {
        self.phase.expectation = self.phase.expectation.require_absent();
        self.into_phase(Acted::new())
    }
}

impl<'t, T: fmt::Debug + 'static> Flow<'t, Expecting<State<'t, T>>> {
    /// Expects that the state has these fields with these values: `json!({ "status": "Placed" })`.
    /// See [`State::like`].
    #[track_caller]
    pub fn like(mut self, expected: impl Serialize) -> Self {
        self.phase.expectation = self.phase.expectation.like(expected);
        self
    }
}

impl<'t> Flow<'t, Expecting<HandledBy>> {
    /// Expects that the handler handled exactly this number of messages in the acts so far.
    #[track_caller]
    pub fn times(mut self, expected: usize) -> Flow<'t, Acted> {
        self.phase.expectation = self.phase.expectation.times(expected);
        self.into_phase(Acted::new())
    }
}
