//! Level 1: tests of one aggregate without any infrastructure, with the methods of a test flow.

mod assertion_guard;
mod outcome;
mod system;

use std::{fmt, marker::PhantomData, panic::Location};

use flow_domain::{
    Aggregate, Error,
    handler::Reply,
    message::{MessageType, Payload},
    model::{AnyEvent, IntoMessages, SerializedMessage},
    record::{Invariant, InvariantSet},
    runtime::ProcessResult,
    testing::{invariant_violations, remember_panic_locations, unit_record},
};

pub use outcome::{MethodResult, UnitOutcome};

use crate::{
    expect::{EmptyInput, Mismatch},
    outcome::{ActOutcome, DisabledInvariant, Outcome},
    plan::disabled_invariant,
    run::{no_subject_mismatch, violation_mismatch},
    unit::{
        assertion_guard::{AssertionGuard, UnitProblem},
        system::UnitSystem,
    },
    watchdog::watch_code,
};

/// Begins a test of one aggregate.
///
/// The test runs at once, without stores, handlers or time, in nanoseconds to microseconds. Its methods
/// mean the same as in [`Flow`](crate::Flow), with a method of the aggregate as the act.
///
/// Nothing passes by accident. The test panics if no assertion follows `when`, if the method rejected and no
/// assertion covers that, or if a check of the aggregate would pass without the method. It also checks two [invariants](crate::Invariant). Serialised values
/// are equal after deserialisation, and an event-sourced aggregate equals the fold of its events.
///
/// # Examples
///
/// ```
/// use flow_harness::prelude::*;
/// use shop::{Inventory, Order, OrderConfirmed, OrderError, StockReceived, StockReserved};
///
/// unit::<Inventory>()
///     .given_events(StockReceived { product_id: "prod-1".into(), quantity: 5 })
///     .when(|inventory| inventory.reserve("ord-1", 2))
///     .then_events(StockReserved { product_id: "prod-1".into(), order_id: "ord-1".into(), quantity: 2 })
///     .has(|inventory| inventory.available == 3);
///
/// unit::<Order>()
///     .given_aggregate(Order::draft("ord-1", "cust-1", "prod-1", 0, 0))
///     .when(|order| order.place())
///     .then_rejected(OrderError::Empty)
///     .then_no_events();
/// ```
#[track_caller]
pub fn unit<A: Aggregate>() -> UnitBegin<A> {
    UnitBegin {
        guard: AssertionGuard::new(A::NAME, Location::caller()),
        aggregate: PhantomData,
    }
}

/// A test of one aggregate, before its given part.
#[must_use = "a unit test does nothing until `.when(|aggregate| ..)`"]
pub struct UnitBegin<A> {
    guard: AssertionGuard,
    aggregate: PhantomData<fn() -> A>,
}

/// A test of one aggregate, after its given part.
#[derive(Debug)]
#[must_use = "a unit test does nothing until `.when(|aggregate| ..)`"]
pub struct UnitGiven<A> {
    aggregate: A,
    /// The events that the aggregate was folded from, or `None` if it was given as a value.
    history: Option<Vec<SerializedMessage>>,
    invariants: InvariantSet,
    guard: AssertionGuard,
}

impl<A: Aggregate> UnitBegin<A> {
    /// Folds the aggregate from events that happened before; for none, see
    /// [`given_nothing`](Self::given_nothing).
    ///
    /// # Panics
    ///
    /// Panics if there are no events, if the aggregate is stored as state, if an event does not belong to
    /// it, or if the events have different ids.
    #[track_caller]
    pub fn given_events(self, events: impl IntoMessages<AnyEvent>) -> UnitGiven<A> {
        let given = self.folded_from(events);
        let is_empty = given.history.as_ref().is_none_or(Vec::is_empty);
        if let Err(mismatch) = EmptyInput::GivenEvents.require(is_empty) {
            panic!("the test of {} is given no events\n\n{mismatch}", A::NAME);
        }

        given
    }

    #[track_caller]
    fn folded_from(self, events: impl IntoMessages<AnyEvent>) -> UnitGiven<A> {
        let Some(mut aggregate) = A::initial() else {
            panic!(
                "`{}` is stored as state, so it cannot be folded from events; use `.given_aggregate(..)`",
                A::NAME
            );
        };

        // A message type needs a domain, and a unit test has none. This name is a placeholder.
        let domain = "Unit".into();
        let mut history = Vec::new();
        let replayed = events.try_for_each(&mut |event| {
            let event = event.to_serialized()?;
            aggregate.replay(&MessageType::new(&domain, event.name), &event.payload)?;
            history.push(event);
            Ok(())
        });

        or_panic(replayed);
        if let Some([first, other]) = two_ids(&history) {
            panic!(
                "`{}` is given events of {first:?} and of {other:?}: a unit test is about one \
                 aggregate; give only the events of one id, or use a `FlowHarness`",
                A::NAME
            );
        }

        UnitGiven {
            aggregate,
            history: Some(history),
            invariants: InvariantSet::all(),
            guard: self.guard,
        }
    }

    /// Begins with this aggregate.
    pub fn given_aggregate(self, aggregate: A) -> UnitGiven<A> {
        UnitGiven {
            aggregate,
            history: None,
            invariants: InvariantSet::all(),
            guard: self.guard,
        }
    }

    /// Begins with an event-sourced aggregate to which nothing has happened.
    ///
    /// # Panics
    ///
    /// Panics if the aggregate is stored as state.
    #[track_caller]
    pub fn given_nothing(self) -> UnitGiven<A> {
        self.folded_from(())
    }
}

impl<A: Aggregate> UnitGiven<A> {
    /// Disables an invariant in this test. The reason is for the reader of the test.
    ///
    /// # Panics
    ///
    /// Panics if there is no reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_harness::{Invariant, prelude::*};
    /// use shop::{Inventory, StockReceived};
    ///
    /// unit::<Inventory>()
    ///     .given_events(StockReceived { product_id: "prod-1".into(), quantity: 5 })
    ///     .disable_invariant(Invariant::Fold, "the count is corrected by hand until the end of the year")
    ///     .when(|inventory| inventory.available = 3)
    ///     .has(|inventory| inventory.available == 3);
    /// ```
    #[track_caller]
    pub fn disable_invariant(mut self, invariant: Invariant, reason: &str) -> Self {
        let location = Location::caller();
        match disabled_invariant(location, invariant, reason).and_then(require_subject::<A>) {
            Ok(disabled) => self.invariants = self.invariants.without(disabled.invariant),
            Err(mismatch) => panic!(
                "the test of {} cannot disable an invariant\n\n{mismatch}",
                A::NAME
            ),
        }

        self
    }

    /// Calls a method of the aggregate, which may reject.
    ///
    /// At least one assertion must follow. If the method rejects, one of them must cover the rejection,
    /// for example [`then_rejected`](UnitOutcome::then_rejected).
    ///
    /// # Panics
    ///
    /// Panics if a raised event, or an aggregate that is stored as state, differs after a round
    /// trip through JSON. Panics if an event-sourced aggregate differs from the fold of the given
    /// and the raised events. [`disable_invariant`](Self::disable_invariant) switches these checks
    /// off.
    #[track_caller]
    #[must_use = "a unit test checks nothing without an assertion: `.then_events(..)`"]
    pub fn when<R: MethodResult>(mut self, act: impl FnOnce(&mut A) -> R) -> UnitOutcome<A, R> {
        remember_panic_locations();
        let _watch = watch_code(Location::caller(), "the method, or code of the aggregate,");

        let n_events_before = self.aggregate.raised().len();
        // A state that has no JSON form is reported by the expectation that needs it.
        let before = Payload::encode(A::NAME, &self.aggregate).ok();
        let reply = act(&mut self.aggregate).into_reply().map(Reply::new);

        let problem = reply.as_ref().err().map(UnitProblem::new);
        self.guard.mark_called(Location::caller(), problem);
        self.require_invariants();

        UnitOutcome {
            outcome: or_panic(self.outcome(reply, n_events_before, before.clone(), R::CAN_REJECT)),
            before,
            aggregate: self.aggregate,
            guard: self.guard,
            result: PhantomData,
        }
    }

    /// Panics if the aggregate violates an invariant after its method was called.
    #[track_caller]
    fn require_invariants(&mut self) {
        let history = self.history.as_deref();
        let violations = invariant_violations(&mut self.aggregate, history, self.invariants);

        if let Some(first) = or_panic(violations).first() {
            let mismatch = violation_mismatch(first, "after the method");
            self.guard.fail(
                &format!("the invariant `{}` holds", first.invariant),
                Location::caller(),
                &mismatch,
            );
        }
    }

    /// Returns the outcome that expectations check.
    fn outcome(
        &self,
        reply: Result<Reply, Error>,
        n_before: usize,
        before: Option<Payload>,
        can_reject: bool,
    ) -> Result<Outcome, Error> {
        let mut events = self.aggregate.raised().to_serialized()?;
        let raised = events.split_off(n_before);
        let given = self.history.as_deref().unwrap_or(&events);
        let messages = (given, raised.as_slice());
        let unit = unit_record(&self.aggregate, before.clone(), messages, reply.is_ok())?;

        let act = ActOutcome::new(
            "the method".to_owned(),
            ProcessResult::from_reply(reply),
            Some(A::NAME),
            unit.n_given_entries..unit.record.entries().len(),
        )
        .with_infallible(!can_reject);
        let system = Box::new(UnitSystem::new(&self.aggregate, before));
        Ok(Outcome::of_unit_test(
            system,
            unit.record,
            unit.n_given_entries,
            act,
        ))
    }
}

/// Returns the ids of the first two events that are for different aggregates.
///
/// An event that names no id is for any aggregate.
fn two_ids(events: &[SerializedMessage]) -> Option<[&str; 2]> {
    let mut ids = events
        .iter()
        .map(|event| &*event.id)
        .filter(|id| !id.is_empty());
    let first = ids.next()?;
    let other = ids.find(|id| *id != first)?;

    Some([first, other])
}

/// Fails the test if its set-up is not possible.
#[track_caller]
fn or_panic<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(err) => panic!("{}", err.with_causes()),
    }
}

impl<A> fmt::Debug for UnitBegin<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitBegin")
    }
}

/// Requires that a unit test of `A` checks the disabled invariant.
fn require_subject<A: Aggregate>(
    disabled: DisabledInvariant,
) -> Result<DisabledInvariant, Mismatch> {
    match disabled.invariant {
        Invariant::RoundTrip => Ok(disabled),
        Invariant::Fold if A::EVENT_SOURCED => Ok(disabled),
        invariant => Err(no_subject_mismatch(
            invariant,
            &format!("a unit test of {}", A::NAME),
        )),
    }
}
