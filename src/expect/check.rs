use std::borrow::Cow;

use flow_domain::message::MessageLabels;

use crate::{
    expect::{Claim, Expectation, Mismatch, never_happens::NeverHappens},
    outcome::{Description, Outcome, Problem},
};

type CheckFn<'t> = dyn Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync + 't;
type CoversFn<'t> = dyn Fn(&Problem<'_>, &Outcome) -> bool + Send + Sync + 't;

/// Which acts an expectation is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All acts so far.
    AllActs,
    /// All acts so far, and a later act cannot change that the expectation is met.
    StaysMet,
    LastAct,
}

/// An expectation that is made of closures.
pub(super) struct Check<'t> {
    description: Description,
    run: Box<CheckFn<'t>>,
    covers: Box<CoversFn<'t>>,
    never_happens: fn(&Outcome) -> Option<NeverHappens>,
    claim: Claim,
    scope: Scope,
    allows_pending: bool,
    needs_handlers: bool,
}

impl<'t> Check<'t> {
    pub(super) fn new(
        description: impl Into<Cow<'static, str>>,
        check: impl Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync + 't,
    ) -> Self {
        Self::described(Description::of_text(description), check)
    }

    /// Creates an expectation whose description names messages.
    pub(super) fn about_messages(
        describe: impl Fn(&MessageLabels) -> String + Send + Sync + 'static,
        check: impl Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync + 't,
    ) -> Self {
        Self::described(Description::new(describe), check)
    }

    fn described(
        description: Description,
        check: impl Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync + 't,
    ) -> Self {
        Self {
            description,
            run: Box::new(check),
            covers: Box::new(|_, _| false),
            never_happens: |_| None,
            claim: Claim::Effect,
            scope: Scope::AllActs,
            allows_pending: false,
            needs_handlers: true,
        }
    }

    /// Sets which problems the expectation covers.
    pub(super) fn covering(
        mut self,
        covers: impl Fn(&Problem<'_>, &Outcome) -> bool + Send + Sync + 't,
    ) -> Self {
        self.covers = Box::new(covers);
        self
    }

    /// Sets the function that finds out whether what the expectation excludes can never happen.
    pub(super) fn excluding(mut self, never_happens: fn(&Outcome) -> Option<NeverHappens>) -> Self {
        self.never_happens = never_happens;
        self
    }

    /// Sets what the expectation says about acts that change nothing.
    pub(super) fn claiming(mut self, claim: Claim) -> Self {
        self.claim = claim;
        self
    }

    pub(super) fn about_last_act(mut self) -> Self {
        self.scope = Scope::LastAct;
        self
    }

    /// Says that later acts cannot change that the expectation is met.
    pub(super) fn staying_met(mut self) -> Self {
        self.scope = Scope::StaysMet;
        self
    }

    /// Allows the expectation in a unit test, which has no handlers.
    pub(super) fn for_unit_tests_too(mut self) -> Self {
        self.needs_handlers = false;
        self
    }

    /// Allows pending messages: their effects cannot change the result.
    pub(super) fn even_if_pending(mut self) -> Self {
        self.allows_pending = true;
        self
    }
}

/// Requires handlers, which a unit test does not have.
pub(super) fn require_handlers(outcome: &Outcome) -> Result<(), Mismatch> {
    if outcome.is_unit_test {
        return Err(Mismatch::new(
            "an expectation about one aggregate",
            "a unit test has no handlers, no engine and no fakes; use a `FlowHarness`",
        ));
    }

    Ok(())
}

impl Expectation for Check<'_> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        if self.needs_handlers {
            require_handlers(outcome)?;
        }

        (self.run)(outcome)?;
        NeverHappens::require_possible((self.never_happens)(outcome))
    }

    fn describe(&self) -> String {
        // Without a domain, all labels are short.
        self.description.render(&MessageLabels::default())
    }

    fn description(&self) -> Description {
        self.description.clone()
    }

    fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
        (self.covers)(problem, outcome)
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        NeverHappens::warning((self.never_happens)(outcome))
    }

    fn claim(&self, _: &Outcome) -> Claim {
        self.claim
    }

    fn is_about_last_act(&self) -> bool {
        self.scope == Scope::LastAct
    }

    fn stays_met(&self) -> bool {
        self.scope == Scope::StaysMet
    }

    fn allows_pending(&self) -> bool {
        self.allows_pending
    }
}
