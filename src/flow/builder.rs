use std::{fmt, marker::PhantomData, panic::Location, sync::Arc};

use flow_domain::record::Invariant;

use crate::{
    expect::{EmptyInput, Mismatch},
    flow::{Acted, AfterAct, OfDomain, phase::Phase},
    outcome::Outcome,
    plan::{Plan, RunGuard, StepKind},
    report::FlowFailure,
    run,
    system::fault::{Fault, InjectionPoint, StepFault},
};

/// A test flow as it is being built. `S` is its phase, and `K` what it runs: a domain or a system.
///
/// A flow is a plan: nothing runs before [`run`](Self::run) or `.await`. A flow that is dropped without
/// a run panics.
#[must_use = "a flow does nothing until `.run()` or `.await`"]
pub struct Flow<'t, S, K = OfDomain> {
    pub(super) plan: Box<Plan<'t>>,
    pub(super) run_guard: RunGuard,
    /// The data of the last step. It joins the plan when the next step begins.
    pub(super) phase: S,
    pub(super) kind: PhantomData<fn() -> K>,
}

impl<'t, S: Phase + 't, K> Flow<'t, S, K> {
    /// Adds the last step to the plan, and moves on to the phase `next`.
    pub(super) fn into_phase<Next>(mut self, next: Next) -> Flow<'t, Next, K> {
        self.phase.finish(&mut self.plan);

        Flow {
            plan: self.plan,
            run_guard: self.run_guard,
            phase: next,
            kind: PhantomData,
        }
    }

    /// Adds a step that needs nothing more, and moves on to the phase after an act.
    #[track_caller]
    pub(super) fn step(self, kind: StepKind<'t>) -> Flow<'t, Acted, K> {
        let mut flow = self.into_phase(Acted::new());
        flow.plan.push(Location::caller(), kind);
        flow
    }

    /// Adds a step that fails the run if it asks for nothing.
    #[track_caller]
    pub(super) fn step_with(
        self,
        input: EmptyInput,
        is_empty: bool,
        kind: StepKind<'t>,
    ) -> Flow<'t, Acted, K> {
        let mut flow = self.step(kind);
        flow.plan
            .require_not_empty(Location::caller(), input, is_empty);
        flow
    }

    /// Activates a fault from here on.
    pub(super) fn add_fault<Next>(self, fault: Fault, next: Next) -> Flow<'t, Next, K> {
        let mut flow = self.into_phase(next);
        if let Some(input) = empty_fault_input(&fault) {
            flow.plan.require_not_empty(fault.location, input, true);
        }
        if fault.has_idle_attempts {
            let found =
                format!("{fault}\nUse `.times(..)` or `.nth(..)` instead of `.on_attempts(..)`");
            let mismatch = Mismatch::new("a fault at a handler, which has attempts", found);
            flow.plan.reject_call(fault.location, mismatch);
        }
        flow.plan
            .push(fault.location, StepKind::Fault(Arc::new(fault)));
        flow
    }
}

impl<'t, S: Phase + 't> Flow<'t, S> {
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
        self.plan
            .disable_invariant(Location::caller(), invariant, reason);
        self
    }

    /// Allows a difference between the two runs of [`Mode::Differential`](crate::Mode::Differential).
    ///
    /// `difference` is a type (`"Room"`), a field (`"Room.updated_at"`), or the title of a
    /// difference in the report (`"events of booking-b-1"`).
    #[track_caller]
    pub fn allow_difference(mut self, difference: &str) -> Self {
        let is_empty = difference.trim().is_empty();
        self.plan
            .require_not_empty(Location::caller(), EmptyInput::AllowedDifference, is_empty);
        self.plan.allowed_differences.push(difference.to_owned());
        self
    }

    /// Runs the flow once more for each of its deliveries, with this fault at that delivery.
    ///
    /// The flow must pass every time. Deliveries before the first act do not count. The fault needs
    /// an engine: the flow fails in [`Mode::Sync`](crate::Mode::Sync), where nothing is retried.
    /// It also fails if all runs together have more than ten times as many deliveries as the
    /// [`budget`](crate::FlowHarness::budget).
    #[track_caller]
    pub fn fault_at_every_step(mut self, fault: StepFault) -> Self {
        self.plan
            .every_step_faults
            .push((Location::caller(), fault));
        self
    }
}

impl<'t, S: Phase + 't, K> Flow<'t, S, K> {
    /// Runs the flow in a plain test, and returns its outcome.
    ///
    /// Handlers run on a current-thread tokio runtime that belongs to the run. Its clock is paused, so a
    /// handler that sleeps costs no time; see [`docs::hangs`](crate::docs::hangs).
    ///
    /// # Panics
    ///
    /// Panics with a report if the flow fails, and inside an async runtime: use `.await` there.
    #[track_caller]
    pub fn run(self) -> Outcome
    where
        S: AfterAct,
    {
        match self.try_run() {
            Ok(outcome) => outcome,
            Err(failure) => panic!("{}", failure.panic_text()),
        }
    }

    /// Runs the flow in a plain test, and returns its failure instead of panicking.
    ///
    /// # Errors
    ///
    /// Returns an error if the flow fails.
    ///
    /// # Panics
    ///
    /// Panics inside an async runtime: use `.await` there.
    #[track_caller]
    pub fn try_run(self) -> Result<Outcome, FlowFailure>
    where
        S: AfterAct,
    {
        let mut flow = self.into_phase(());
        flow.run_guard.disarm();
        run::run_blocking(*flow.plan).map(|outcome| *outcome)
    }
}

/// Returns which number of a fault makes it happen never.
fn empty_fault_input(fault: &Fault) -> Option<EmptyInput> {
    match &fault.injection_point {
        _ if fault.times == 0 => Some(EmptyInput::FaultTimes),
        InjectionPoint::Restart if fault.nth == 0 => Some(EmptyInput::DeliveriesBeforeRestart),
        _ if fault.nth == 0 => Some(EmptyInput::FaultOccurrence),
        InjectionPoint::Handler { attempts, .. } if attempts.is_empty() || *attempts.end() == 0 => {
            Some(EmptyInput::FaultAttempts)
        }
        _ => None,
    }
}

/// Runs the flow in an async test, on the test's own runtime.
///
/// A handler that sleeps costs real time, unless the clock of that runtime is paused. A warning names
/// the handler.
impl<'t, S: AfterAct + 't, K> IntoFuture for Flow<'t, S, K> {
    type Output = Outcome;
    type IntoFuture = run::FlowFuture<'t>;

    fn into_future(self) -> Self::IntoFuture {
        let flow = self.into_phase(());
        run::run_async(flow.plan, flow.run_guard)
    }
}

impl<S, K> fmt::Debug for Flow<'_, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("plan", &self.plan).finish()
    }
}
