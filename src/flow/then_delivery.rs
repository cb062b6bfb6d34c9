use std::panic::Location;

use flow_domain::{Command, Event, port::Lane};

use crate::{
    expect::{self, DeadLettersExpectation},
    flow::{Acted, AfterAct, DeadLetterPhase, Flow, StepKind, Then},
    system::fault::StepFault,
};

impl<'t, S> Flow<'t, S> {
    /// Expects that a command of type `C` is scheduled and not yet due.
    #[track_caller]
    pub fn then_scheduled<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::scheduled::<C>(true))
    }

    /// Expects that no command of type `C` is scheduled now.
    ///
    /// It was never scheduled, or it was delivered or cancelled.
    #[track_caller]
    pub fn then_not_scheduled<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::scheduled::<C>(false))
    }

    /// Expects that, in the acts so far, a command of type `C` arrived after its deadline.
    ///
    /// Such a command is not handled.
    #[track_caller]
    pub fn then_expired<C: Command>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::expired::<C>())
    }

    /// Expects that an event of type `E` from the acts so far was published to the broker.
    #[track_caller]
    pub fn then_published<E: Event>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::published::<E>(None))
    }

    /// Expects that an event of type `E` from the acts so far was published on `lane`.
    #[track_caller]
    pub fn then_lane<E: Event>(self, lane: Lane) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::published::<E>(Some(lane)))
    }

    /// Expects that the handler `H` was called exactly this number of times in the acts so far.
    ///
    /// Calls with and without success count.
    #[track_caller]
    pub fn then_attempts<H: 'static>(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::attempts::<H>(expected))
    }

    /// Allows a difference between the two runs of [`Mode::Differential`](crate::Mode::Differential).
    ///
    /// `difference` is a type (`"Room"`), a field (`"Room.updated_at"`), or the title of a
    /// difference in the report (`"events of booking-b-1"`).
    pub fn allow_difference(mut self, difference: &str) -> Self {
        self.plan.allowed_differences.push(difference.to_owned());
        self
    }

    /// Runs the flow once more for each of its deliveries, with this fault at that delivery.
    ///
    /// The flow must pass every time. Deliveries before the first act do not count. The fault needs
    /// an engine: the flow fails in [`Mode::Sync`](crate::Mode::Sync), where nothing is retried.
    #[track_caller]
    pub fn fault_at_every_step(mut self, fault: StepFault) -> Self {
        self.plan
            .every_step_faults
            .push((Location::caller(), fault));
        self
    }

    /// Expects that this number of messages is pending, in the outbox and for handlers together.
    ///
    /// Messages are pending only in a [`paused`](crate::FlowHarness::paused) harness.
    #[track_caller]
    pub fn then_pending(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending(expected))
    }

    /// Expects that this number of messages is in the outbox and not yet published.
    #[track_caller]
    pub fn then_pending_in_outbox(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending_in_outbox(expected))
    }

    /// Expects that this number of messages is pending for the handler `H`.
    ///
    /// A published message is pending until `H` was called for it, and while `H` must retry it.
    #[track_caller]
    pub fn then_pending_for<H: 'static>(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::pending_for::<H>(expected))
    }

    /// Expects dead letters from the acts so far. The methods that follow check them.
    ///
    /// Without such a method, the step expects at least one dead letter.
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
        let dead_letters = DeadLettersExpectation::default();
        self.then_step(Location::caller(), Then::DeadLetters(dead_letters))
    }
}

impl<'t> Flow<'t, DeadLetterPhase> {
    fn update_check(mut self, update: impl FnOnce(&mut DeadLettersExpectation)) -> Self {
        // The phase guarantees that the last step is `then_dead_letters`.
        if let Some(step) = self.plan.steps.last_mut()
            && let StepKind::Then(Then::DeadLetters(dead_letters)) = &mut step.kind
        {
            update(dead_letters);
        }

        self
    }

    /// Expects that there is no dead letter.
    pub fn none(self) -> Flow<'t, Acted> {
        self.count(0).into_phase()
    }

    /// Expects exactly one dead letter.
    pub fn one(self) -> Self {
        self.count(1)
    }

    /// Expects exactly this number of dead letters.
    pub fn count(self, expected: usize) -> Self {
        self.update_check(|dead_letters| dead_letters.set_count(expected))
    }

    /// Expects that the reason of at least one dead letter contains `text`.
    pub fn because(self, text: &str) -> Self {
        self.update_check(|dead_letters| dead_letters.set_reason(text))
    }
}
