//! Level 1: one aggregate without any infrastructure, with the words of the sentence.

mod outcome;
mod raised;
mod state;
mod unspoken;
mod verdict;

use std::{fmt, marker::PhantomData, panic::Location};

use flow_domain::{
    Aggregate,
    message::MessageType,
    model::{AnyEvent, MessageList, Written},
};

pub use outcome::{Answer, UnitOutcome};

use crate::unit::unspoken::Unspoken;

/// Begins a sentence about one aggregate.
///
/// It runs at once, without stores, handlers or time, and takes nanoseconds to microseconds. A word
/// means what it means in [`Flow`](crate::Flow), with the method of the aggregate in place of the act.
/// As there, nothing passes by accident: a sentence without a word after `when` panics at its end, and
/// so does one whose method refused if no word speaks of that.
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
#[must_use = "nothing is shown until something happens: `.when(|aggregate| ..)`"]
pub struct UnitGiven<A> {
    aggregate: A,
}

impl<A: Aggregate> UnitBegin<A> {
    /// Folds the aggregate from events that happened before.
    ///
    /// # Panics
    ///
    /// Panics if the aggregate is kept as state, or if one of the events is none of its own.
    #[track_caller]
    pub fn given_events(self, events: impl MessageList<AnyEvent>) -> UnitGiven<A> {
        let Some(mut aggregate) = A::initial() else {
            panic!(
                "`{}` is kept as state, so no events make one: `.given_aggregate(..)` is the word",
                A::NAME
            );
        };
        let domain = "Unit".into();
        let replayed = events.try_for_each(&mut |event| {
            let Written { name, payload, .. } = event.write()?;
            aggregate.replay(&MessageType::new(&domain, name), &payload)
        });
        if let Err(err) = replayed {
            panic!("{}", err.with_causes());
        }
        UnitGiven { aggregate }
    }

    /// Begins with this aggregate.
    pub fn given_aggregate(self, aggregate: A) -> UnitGiven<A> {
        UnitGiven { aggregate }
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
    /// Calls a method of the aggregate, which may refuse.
    ///
    /// At least one word has to follow, and one of those for refusals
    /// ([`then_rejected`](UnitOutcome::then_rejected) and its like) if it refuses.
    #[track_caller]
    #[must_use = "nothing is shown until something is expected: `.then_events(..)`"]
    pub fn when<R: Answer>(mut self, act: impl FnOnce(&mut A) -> R) -> UnitOutcome<A, R> {
        let n_before = self.aggregate.raised().len();
        let answer = act(&mut self.aggregate);
        let refusal = answer.reply().err().map(|refusal| format!("{refusal:?}"));
        UnitOutcome {
            unspoken: Unspoken::new(A::NAME, Location::caller(), refusal),
            aggregate: self.aggregate,
            answer,
            n_before,
        }
    }
}

impl<A> fmt::Debug for UnitBegin<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitBegin")
    }
}

impl<A: fmt::Debug> fmt::Debug for UnitGiven<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitGiven")
            .field("aggregate", &self.aggregate)
            .finish()
    }
}
