use std::{fmt, panic::Location};

use crate::{
    expect::Expectation,
    plan::{MessageAct, Plan, StepKind},
};

/// The phase of the `given_*` steps, before any act.
#[derive(Debug)]
#[non_exhaustive]
pub struct Given;

/// The phase after an act, and after most `then_*` steps.
pub struct Acted {
    /// The last step, if it sends a message. Its headers can still be set.
    pub(super) message: Option<(&'static Location<'static>, MessageAct)>,
}

/// The phase after a `then_*` step with an expectation that further methods refine.
pub struct Expecting<X> {
    pub(super) location: &'static Location<'static>,
    pub(super) expectation: X,
}

impl Acted {
    pub(super) fn new() -> Self {
        Self { message: None }
    }
}

impl fmt::Debug for Acted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acted")
    }
}

impl<X: fmt::Debug> fmt::Debug for Expecting<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expecting").field(&self.expectation).finish()
    }
}

/// A phase after at least one act, in which `then_*` steps are possible.
#[diagnostic::on_unimplemented(
    message = "the flow has no act yet",
    label = "needs an act first",
    note = "add an act: `.when(command)` or `.when_event(event)`"
)]
pub trait AfterAct: Phase {}

impl AfterAct for Acted {}
impl<X: Expectation> AfterAct for Expecting<X> {}

pub(super) use sealed::Phase;

mod sealed {
    use crate::plan::Plan;

    /// A phase owns the data of the last step until the next step begins.
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Phase {
        /// Adds the last step to the plan, unless it is there already.
        fn finish<'t>(self, plan: &mut Plan<'t>)
        where
            Self: Sized + 't,
        {
            let _ = plan;
        }
    }
}

impl Phase for Given {}

impl Phase for Acted {
    fn finish<'t>(self, plan: &mut Plan<'t>)
    where
        Self: 't,
    {
        if let Some((location, message)) = self.message {
            plan.push(location, StepKind::When(message));
        }
    }
}

impl<X: Expectation> Phase for Expecting<X> {
    fn finish<'t>(self, plan: &mut Plan<'t>)
    where
        Self: 't,
    {
        plan.push_expectation(self.location, self.expectation);
    }
}
