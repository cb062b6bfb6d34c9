use std::{
    fmt,
    marker::PhantomData,
    panic::Location,
    pin::pin,
    task::{Context, Poll, Waker},
};

use flow_domain::{
    Aggregate, Error, Event, Rejection,
    message::Payload,
    model::{AnyEvent, IntoMessages},
    record::{Entry, EntryKind},
};
use serde::Serialize;

use crate::{
    expect::{self, Expectation, Mismatch, State, describe},
    outcome::Outcome,
    run::check_expectation,
    unit::assertion_guard::AssertionGuard,
    value::show_stored,
    watchdog::watch_code,
};

/// What a method of an aggregate may return: nothing, or a `Result` with a rejection.
pub trait MethodResult {
    /// The value that is returned if the method does not reject.
    type Reply: fmt::Debug + Send + Sync + 'static;

    /// Whether the method may reject. The default is true.
    const CAN_REJECT: bool = true;

    /// Returns the reply.
    ///
    /// # Errors
    ///
    /// Returns the rejection of the method.
    fn into_reply(self) -> Result<Self::Reply, Error>;
}

impl MethodResult for () {
    type Reply = ();

    const CAN_REJECT: bool = false;

    fn into_reply(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: fmt::Debug + Send + Sync + 'static, R: Into<Error>> MethodResult for Result<T, R> {
    type Reply = T;

    fn into_reply(self) -> Result<T, Error> {
        self.map_err(Into::into)
    }
}

/// An aggregate after its method was called. Assertions follow.
///
/// A value that is dropped without an assertion panics.
pub struct UnitOutcome<A, R> {
    pub(super) outcome: Outcome,
    pub(super) aggregate: A,
    pub(super) guard: AssertionGuard,
    /// The aggregate before the method was called, if it has a JSON form.
    pub(super) before: Option<Payload>,
    pub(super) result: PhantomData<fn() -> R>,
}

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last assertion ends the test"
)]
impl<A: Aggregate, R: MethodResult> UnitOutcome<A, R> {
    /// Checks an expectation: a value of [`expect`], a tuple, or a type of your own.
    ///
    /// # Panics
    ///
    /// Panics if the expectation is not met.
    #[track_caller]
    pub fn then(mut self, expectation: impl Expectation) -> Self {
        for part in expectation.into_parts() {
            self.check(&*part);
        }

        self
    }

    #[track_caller]
    fn check(&mut self, expectation: &dyn Expectation) {
        let _watch = watch_code(Location::caller(), "the assertion");
        let outcome = &self.outcome;
        if outcome
            .problems()
            .any(|problem| expectation.covers(&problem, outcome))
        {
            self.guard.mark_problem_asserted();
        }

        let result = {
            let checked = pin!(check_expectation(expectation, &self.outcome));
            // A unit test has no store to wait for.
            let Poll::Ready(result) = checked.poll(&mut Context::from_waker(Waker::noop())) else {
                unreachable!("the system of a unit test is always ready");
            };
            result
        };

        match result {
            Ok(()) => self.guard.mark_asserted(),
            Err(mismatch) => {
                let location = mismatch.location().unwrap_or(Location::caller());
                let description = describe(expectation).render(self.outcome.record().labels());
                self.guard.fail(&description, location, &mismatch);
            }
        }
    }

    /// Short for `then(`[`expect::events`]`(expected))`.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoMessages<AnyEvent>) -> Self {
        self.then(expect::events(expected))
    }

    /// Short for `then(`[`expect::no_events`]`())`.
    #[track_caller]
    pub fn then_no_events(self) -> Self {
        self.then(expect::no_events())
    }

    /// Short for `then(`[`expect::event`]`(expected))`.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Self {
        self.then(expect::event(expected))
    }

    /// Short for `then(`[`expect::accepted`]`())`.
    ///
    /// It fails if the method returns no `Result`, because it could not fail otherwise.
    #[track_caller]
    pub fn then_accepted(self) -> Self {
        self.then(expect::accepted())
    }

    /// Short for `then(`[`expect::rejected`]`(expected))`.
    #[track_caller]
    pub fn then_rejected<E: Rejection + PartialEq>(self, expected: E) -> Self {
        self.then(expect::rejected(expected))
    }

    /// Short for `then(`[`expect::reply`]`(expected))`.
    #[track_caller]
    pub fn then_reply(self, expected: R::Reply) -> Self
    where
        R::Reply: PartialEq,
    {
        self.then(expect::reply(expected))
    }

    /// The expectation about the aggregate itself. [`require_change`](Self::require_change) follows.
    fn state<'t>(&self) -> State<'t, A> {
        expect::aggregate(self.aggregate.id()).even_if_unchanged()
    }

    /// Returns true if the method raised an event, or changed the stored form of the aggregate.
    fn is_changed(&self) -> bool {
        let is_change = |entry: &Entry| {
            matches!(
                entry.kind,
                EntryKind::Appended(_) | EntryKind::StateChanged(_)
            )
        };

        self.outcome.act_entries().any(is_change)
            || self.before != Payload::encode(A::NAME, &self.aggregate).ok()
    }

    /// Fails the test at its end if the method changed nothing, unless [`unchanged`](Self::unchanged)
    /// expects that.
    #[track_caller]
    fn require_change(&mut self, method: &str) {
        if !self.outcome.is_last_act_refused() && !self.is_changed() {
            let described = format!("{} {:?} {method}", A::NAME, self.aggregate.id());
            self.guard.mark_unchanged(described, Location::caller());
        }
    }

    /// Expects that the method did not change the aggregate.
    ///
    /// Without it, a check of an aggregate that the method did not change fails the test.
    #[track_caller]
    pub fn unchanged(mut self) -> Self {
        self.guard.expect_unchanged();
        let state = self.state();
        self.then(state.unchanged())
    }

    /// Expects that `holds` returns true for the aggregate.
    ///
    /// The closure gets the aggregate itself, with the fields that `serde` skips. The test fails if the
    /// method changed nothing; see [`unchanged`](Self::unchanged).
    #[track_caller]
    pub fn has(mut self, holds: impl Fn(&A) -> bool) -> Self {
        let _watch = watch_code(Location::caller(), "the assertion");
        if holds(&self.aggregate) {
            self.guard.mark_asserted();
            // The method may have changed a field that `serde` skips.
            let before = self.before.as_ref();
            if before.is_none_or(|before| before.with_decoded(A::NAME, &holds).unwrap_or(true)) {
                self.require_change("has");
            }
            return self;
        }

        let subject = format!("{} {:?}", A::NAME, self.aggregate.id());
        let found = match Payload::encode(A::NAME, &self.aggregate) {
            Ok(state) => show_stored(&state),
            Err(err) => format!("{:?} ({})", self.aggregate, err.with_causes()),
        };
        let mismatch = Mismatch::new(
            format!("{subject} for which the closure returns true"),
            format!("{subject} {found}"),
        );
        self.guard
            .fail(&format!("{subject} has"), Location::caller(), &mismatch);
    }

    /// Expects that the aggregate equals `expected`. Their stored forms are compared.
    ///
    /// The test fails if the method changed nothing; see [`unchanged`](Self::unchanged).
    #[track_caller]
    pub fn is(self, expected: A) -> Self {
        let state = self.state();
        let mut checked = self.then(state.is(expected));
        checked.require_change("is");
        checked
    }

    /// Expects that the aggregate has these fields with these values. It may have other fields.
    ///
    /// The test fails if the method changed nothing; see [`unchanged`](Self::unchanged).
    #[track_caller]
    pub fn like(self, expected: impl Serialize) -> Self {
        let state = self.state();
        let mut checked = self.then(state.like(expected));
        checked.require_change("like");
        checked
    }

    /// Returns the aggregate, for ordinary asserts.
    #[must_use = "a unit test checks nothing without an assertion"]
    pub fn aggregate(mut self) -> A {
        self.guard.mark_asserted();
        self.aggregate
    }
}

impl<A: fmt::Debug, R> fmt::Debug for UnitOutcome<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOutcome")
            .field("aggregate", &self.aggregate)
            .finish_non_exhaustive()
    }
}
