use std::{fmt, marker::PhantomData, panic::Location, sync::Arc};

use crate::{
    flow::{AfterAct, Given, Plan, Setup, Step, StepKind, Then, run_guard::RunGuard},
    report::FlowFailure,
    run::{self, Outcome},
};

/// A test flow as it is being built. `S` is its phase.
///
/// A flow is a plan: nothing runs before [`run`](Self::run) or `.await`. A flow that is dropped without
/// a run panics.
#[must_use = "a flow does nothing until `.run()` or `.await`"]
pub struct Flow<'t, S> {
    pub(super) plan: Box<Plan<'t>>,
    run_guard: RunGuard,
    phase: PhantomData<fn() -> S>,
}

impl Flow<'_, Given> {
    pub(super) fn begin(setup: Arc<Setup>, location: &'static Location<'static>) -> Self {
        let (invariants, invalid_call) = (setup.invariants, setup.invalid_call.clone());

        Self {
            plan: Box::new(Plan {
                setup,
                steps: Vec::with_capacity(6),
                allowed_differences: Vec::new(),
                every_step_faults: Vec::new(),
                invariants,
                disabled_invariants: Vec::new(),
                invariant_violations: Vec::new(),
                invalid_call,
            }),
            run_guard: RunGuard::new(location),
            phase: PhantomData,
        }
    }
}

impl<'t, S> Flow<'t, S> {
    /// Adds a step, and moves on to the phase `Next`.
    pub(super) fn step<Next>(
        mut self,
        location: &'static Location<'static>,
        kind: StepKind<'t>,
    ) -> Flow<'t, Next> {
        self.plan.steps.push(Step { location, kind });
        self.into_phase()
    }

    /// Adds a `then_*` step, and moves on to the phase `Next`.
    pub(super) fn then_step<Next>(
        self,
        location: &'static Location<'static>,
        then: Then<'t>,
    ) -> Flow<'t, Next> {
        self.step(location, StepKind::Then(then))
    }

    pub(super) fn into_phase<Next>(self) -> Flow<'t, Next> {
        Flow {
            plan: self.plan,
            run_guard: self.run_guard,
            phase: PhantomData,
        }
    }
}

impl<S> Flow<'_, S> {
    /// Runs the flow in a plain test, and returns its outcome.
    ///
    /// Handlers run on a current-thread tokio runtime that belongs to the run.
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
    pub fn try_run(mut self) -> Result<Outcome, FlowFailure>
    where
        S: AfterAct,
    {
        self.run_guard.disarm();
        run::run_blocking(*self.plan)
    }
}

impl<'t, S: AfterAct + 't> IntoFuture for Flow<'t, S> {
    type Output = Outcome;
    type IntoFuture = run::FlowFuture<'t>;

    /// Runs the flow in an async test, on the test's own runtime.
    fn into_future(self) -> Self::IntoFuture {
        run::run_async(self.plan, self.run_guard)
    }
}

impl<S> fmt::Debug for Flow<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("plan", &self.plan).finish()
    }
}
