//! Level 1: one aggregate without any infrastructure, with the words of the sentence.

mod assertion_guard;
mod events;
mod outcome;
mod result;
mod state;

use std::{fmt, marker::PhantomData, panic::Location};

use flow_domain::{
    Aggregate,
    message::MessageType,
    model::{AnyEvent, IntoMessages, SerializedMessage, invariant_violations},
    record::{Invariant, InvariantSet},
};

pub use outcome::{MethodResult, UnitOutcome};

use crate::{
    flow::DisabledInvariant, run::violation_mismatch, unit::assertion_guard::AssertionGuard,
};

/// Begins a sentence about one aggregate.
///
/// It runs at once, without stores, handlers or time, and takes nanoseconds to microseconds. A word
/// means what it means in [`Flow`](crate::Flow), with the method of the aggregate in place of the act.
/// As there, nothing passes by accident: a sentence without a word after `when` panics at its end, and
/// so does one whose method refused if no word speaks of that. Two of the [laws](crate::Invariant) are looked
/// after: what is serialised comes back equal, and an event-sourced aggregate is what its events make of
/// it.
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
pub fn unit<A: Aggregate>() -> UnitBegin<A> {
    UnitBegin(PhantomData)
}

/// A sentence about one aggregate, before its past is told.
pub struct UnitBegin<A>(PhantomData<fn() -> A>);

/// A sentence about one aggregate whose past is told.
#[derive(Debug)]
#[must_use = "nothing is shown until something happens: `.when(|aggregate| ..)`"]
pub struct UnitGiven<A> {
    aggregate: A,
    /// What happened before, if that is known.
    history: Option<Vec<SerializedMessage>>,
    invariants: InvariantSet,
}

impl<A: Aggregate> UnitBegin<A> {
    /// Folds the aggregate from events that happened before.
    ///
    /// # Panics
    ///
    /// Panics if the aggregate is kept as state, or if one of the events is none of its own.
    #[track_caller]
    pub fn given_events(self, events: impl IntoMessages<AnyEvent>) -> UnitGiven<A> {
        let Some(mut aggregate) = A::initial() else {
            panic!(
                "`{}` is kept as state, so no events make one: `.given_aggregate(..)` is the word",
                A::NAME
            );
        };

        let domain = "Unit".into();
        let mut history = Vec::new();
        let replayed = events.try_for_each(&mut |event| {
            let event = event.to_serialized()?;
            aggregate.replay(&MessageType::new(&domain, event.name), &event.payload)?;
            history.push(event);
            Ok(())
        });

        if let Err(err) = replayed {
            panic!("{}", err.with_causes());
        }

        UnitGiven {
            aggregate,
            history: Some(history),
            invariants: InvariantSet::all(),
        }
    }

    /// Begins with this aggregate.
    pub fn given_aggregate(self, aggregate: A) -> UnitGiven<A> {
        UnitGiven {
            aggregate,
            history: None,
            invariants: InvariantSet::all(),
        }
    }

    /// Begins with an event-sourced aggregate to which nothing has happened.
    ///
    /// # Panics
    ///
    /// Panics if the aggregate is kept as state.
    #[track_caller]
    pub fn given_nothing(self) -> UnitGiven<A> {
        self.given_events(())
    }
}

impl<A: Aggregate> UnitGiven<A> {
    /// Does not look after this law in this sentence, for a reason that is worth reading.
    ///
    /// # Panics
    ///
    /// Panics if there is no reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_harness::{Law, prelude::*};
    /// use shop::{Inventory, StockReceived};
    ///
    /// unit::<Inventory>()
    ///     .given_events(StockReceived { product_id: "prod-1".into(), quantity: 5 })
    ///     .disable_invariant(Invariant::Fold, "the count is corrected by hand until the end of the year")
    ///     .when(|inventory| inventory.available = 3)
    ///     .has(|inventory| inventory.available == 3);
    /// ```
    #[track_caller]
    pub fn disable_invariant(mut self, law: Invariant, reason: &str) -> Self {
        match DisabledInvariant::new(Location::caller(), law, reason) {
            Ok(unchecked) => self.invariants = self.invariants.without(unchecked.invariant),
            Err((_, mismatch)) => panic!("{} is not asked for a law\n\n{mismatch}", A::NAME),
        }
        self
    }

    /// Calls a method of the aggregate, which may refuse.
    ///
    /// At least one word has to follow, and one of those for refusals
    /// ([`then_rejected`](UnitOutcome::then_rejected) and its like) if it refuses.
    ///
    /// # Panics
    ///
    /// Panics if what it raised, or a state that is kept as such, does not come back from JSON as what it
    /// was; and if an event-sourced aggregate is something else than what the given events and those that
    /// it raised make of it. [`disable_invariant`](Self::disable_invariant) switches that off.
    #[track_caller]
    #[must_use = "nothing is shown until something is expected: `.then_events(..)`"]
    pub fn when<R: MethodResult>(mut self, act: impl FnOnce(&mut A) -> R) -> UnitOutcome<A, R> {
        let n_before = self.aggregate.raised().len();
        let answer = act(&mut self.aggregate);
        let refusal = answer
            .as_result()
            .err()
            .map(|refusal| format!("{refusal:?}"));
        let unspoken = AssertionGuard::new(A::NAME, Location::caller(), refusal);

        match invariant_violations(
            &mut self.aggregate,
            self.history.as_deref(),
            self.invariants,
        ) {
            Ok(laws) => {
                if let Some(first) = laws.first() {
                    let mismatch = violation_mismatch(first, "as the method left it");
                    let besides = unspoken.rejection_note(&mismatch);
                    panic!("{} broke a law\n\n{mismatch}{besides}", A::NAME)
                }
            }
            Err(err) => panic!("{}", err.with_causes()),
        }

        UnitOutcome {
            assertion_guard: unspoken,
            aggregate: self.aggregate,
            result: answer,
            n_events_before: n_before,
        }
    }
}

impl<A> fmt::Debug for UnitBegin<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitBegin")
    }
}
