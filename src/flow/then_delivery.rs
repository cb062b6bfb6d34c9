use std::panic::Location;

use flow_domain::{Command, Event, port::Lane};

use crate::{
    expect,
    flow::{Acted, AfterAct, DeadLetterPhase, Flow, StepKind, Then},
    system::fault::StepFault,
};

/// What is said of what happens later: words about schedules, the broker and what was given up on.
impl<'t, S> Flow<'t, S> {
    /// Expects that a `C` is scheduled and has not come yet.
    #[track_caller]
    pub fn then_scheduled<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::scheduled::<C>(true))
    }

    /// Expects that no `C` is scheduled: none ever was, or it came, or it was cancelled.
    #[track_caller]
    pub fn then_not_scheduled<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::scheduled::<C>(false))
    }

    /// Expects that a `C` came after its deadline in the acts so far, and was not handled.
    #[track_caller]
    pub fn then_expired<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::expired::<C>())
    }

    /// Expects that an `E` of the acts so far was published to the broker.
    #[track_caller]
    pub fn then_published<E: Event>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::published::<E>(None))
    }

    /// Expects that an `E` of the acts so far was published on this lane.
    #[track_caller]
    pub fn then_lane<E: Event>(self, lane: Lane) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::published::<E>(Some(lane)))
    }

    /// Expects that the handler `H` was called so many times in the acts so far, whatever came of it.
    #[track_caller]
    pub fn then_attempts<H: 'static>(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::attempts::<H>(expected))
    }

    /// Says that something need not be the same in both modes of [`Mode::Differential`](crate::Mode::Differential),
    /// where that is legal: all of a type (`"Room"`), one field (`"Room.updated_at"`), or one line of the
    /// report (`"events of booking-b-1"`).
    pub fn allow_difference(mut self, what: &str) -> Self {
        self.plan.allowed_differences.push(what.to_owned());
        self
    }

    /// Has the sentence run once more for every delivery of it, each time with this fault at another one.
    /// It must pass every time: whatever happens where, it comes out right in the end.
    ///
    /// What was given is not a part of it. Needs an engine: inline, nothing is tried again, and the
    /// sentence fails.
    #[track_caller]
    pub fn fault_at_every_step(mut self, fault: StepFault) -> Self {
        self.plan
            .every_step_faults
            .push((Location::caller(), fault));
        self
    }

    /// Expects that so many messages wait, in the outbox and for handlers, in a
    /// [`paused`](crate::FlowHarness::paused) harness.
    #[track_caller]
    pub fn then_pending(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending(expected))
    }

    /// Expects that so many messages wait to be published.
    #[track_caller]
    pub fn then_pending_in_outbox(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending_in_outbox(expected))
    }

    /// Expects that so many messages wait for the handler `H`: they were published, and it was not
    /// called for them yet, or is to be called again.
    #[track_caller]
    pub fn then_pending_for<H: 'static>(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending_for::<H>(expected))
    }

    /// Speaks about what was given up on in the acts so far, and is kept. By itself, there must be
    /// something.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_harness::prelude::*;
    /// # use shop::StockReceived;
    /// FlowHarness::new(shop::domain)
    ///     .mode(Mode::Engine)
    ///     .when_event(StockReceived { product_id: "tea".into(), quantity: 5 })
    ///     .then_dead_letters()
    ///     .none()
    ///     .run();
    /// ```
    #[track_caller]
    pub fn then_dead_letters(self) -> Flow<'t, DeadLetterPhase>
    where
        S: AfterAct,
    {
        let letters = expect::DeadLettersExpectation::default();
        self.then_step(Location::caller(), Then::DeadLetters(letters))
    }
}

impl<'t> Flow<'t, DeadLetterPhase> {
    fn update_check(mut self, say: impl FnOnce(&mut expect::DeadLettersExpectation)) -> Self {
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::DeadLetters(letters)) = &mut step.kind
        {
            say(letters);
        }
        self
    }

    /// Expects that there is none.
    pub fn none(self) -> Flow<'t, Acted> {
        self.update_check(|letters| letters.set_count(0))
            .into_phase()
    }

    /// Expects exactly one.
    pub fn one(self) -> Self {
        self.update_check(|letters| letters.set_count(1))
    }

    /// Expects exactly so many.
    pub fn count(self, expected: usize) -> Self {
        self.update_check(|letters| letters.set_count(expected))
    }

    /// Expects that one of them was given up on with a message that contains this text.
    pub fn because(self, text: &str) -> Self {
        self.update_check(|letters| letters.set_reason(text))
    }
}
