use std::fmt;

use flow_domain::Aggregate;

use crate::{flow::Mismatch, unit::assertion_guard::AssertionGuard};

/// What a method of an aggregate gives back: nothing, a value, or a rejection.
pub trait MethodResult {
    /// The type of what it answers if it does not refuse.
    type Reply;

    /// The type of the rejection.
    type Rejection: fmt::Debug;

    /// What it answered, or the rejection, if the aggregate refused.
    ///
    /// # Errors
    ///
    /// Returns the rejection.
    fn as_result(&self) -> Result<&Self::Reply, &Self::Rejection>;
}

/// An aggregate whose methods cannot refuse.
impl MethodResult for () {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn as_result(&self) -> Result<&(), &Self::Rejection> {
        Ok(self)
    }
}

impl<T, R: fmt::Debug> MethodResult for Result<T, R> {
    type Reply = T;
    type Rejection = R;

    fn as_result(&self) -> Result<&T, &R> {
        self.as_ref()
    }
}

/// What a method of an aggregate left behind, to be asserted on.
///
/// Every word panics, at the line of the test, if what it expects is not so. It panics itself when it is
/// dropped, with the line of `when`, if no word was said, or if the method refused and no word for
/// refusals was: a method that refuses raises no events either.
pub struct UnitOutcome<A, R> {
    pub(super) assertion_guard: AssertionGuard,
    pub(super) aggregate: A,
    pub(super) result: R,
    /// How many events had been raised before.
    pub(super) n_events_before: usize,
}

impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Returns the aggregate, for ordinary asserts.
    ///
    /// # Panics
    ///
    /// Panics if the method refused and no word has spoken of it:
    /// [`then_rejected`](Self::then_rejected) comes first.
    pub fn aggregate(mut self) -> A {
        self.assertion_guard.mark_asserted();
        self.aggregate
    }

    /// Panics with the mismatch, if there is one.
    #[track_caller]
    pub(super) fn expect(mut self, what: &str, checked: Result<(), Mismatch>) -> Self {
        match checked {
            Ok(()) => {
                self.assertion_guard.mark_asserted();
                self
            }
            Err(mismatch) => {
                // A refusal is mostly why it is not so.
                let besides = self.assertion_guard.rejection_note(&mismatch);
                panic!("{} {what}\n\n{mismatch}{besides}", A::NAME)
            }
        }
    }
}

impl<A: fmt::Debug, R: fmt::Debug> fmt::Debug for UnitOutcome<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOutcome")
            .field("aggregate", &self.aggregate)
            .field("answer", &self.result)
            .finish_non_exhaustive()
    }
}
