use std::fmt;

use flow_domain::Aggregate;

use crate::{flow::Mismatch, unit::assertion_guard::AssertionGuard};

/// What a method of an aggregate returns: nothing, a reply, or a rejection.
pub trait MethodResult {
    /// The type of the reply if the method accepts.
    type Reply;

    /// The type of the rejection.
    type Rejection: fmt::Debug;

    /// Returns the reply, or the rejection.
    ///
    /// # Errors
    ///
    /// Returns the rejection.
    fn as_result(&self) -> Result<&Self::Reply, &Self::Rejection>;
}

/// The result of a method that cannot reject.
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

/// The outcome of a method of an aggregate, for assertions.
///
/// Every assertion panics at its line in the test if it fails. An outcome without assertions panics when
/// it is dropped, with the line of `when`. So does an outcome with a rejection that no assertion covers.
pub struct UnitOutcome<A, R> {
    pub(super) assertion_guard: AssertionGuard,
    pub(super) aggregate: A,
    pub(super) result: R,
    /// The number of events that were raised before the call of the method.
    pub(super) n_events_before: usize,
}

impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Returns the aggregate, for ordinary asserts.
    ///
    /// # Panics
    ///
    /// Panics if the method rejected and no assertion covers that. Call
    /// [`then_rejected`](Self::then_rejected) first.
    pub fn aggregate(mut self) -> A {
        self.assertion_guard.mark_asserted();
        self.aggregate
    }

    /// Marks the outcome as asserted, or panics with the mismatch.
    #[track_caller]
    pub(super) fn expect(mut self, summary: &str, checked: Result<(), Mismatch>) -> Self {
        match checked {
            Ok(()) => {
                self.assertion_guard.mark_asserted();
                self
            }
            Err(mismatch) => {
                // The rejection is shown, because it is often the cause of the mismatch.
                let note = self.assertion_guard.rejection_note(&mismatch);
                panic!("{} {summary}\n\n{mismatch}{note}", A::NAME)
            }
        }
    }
}

impl<A: fmt::Debug, R: fmt::Debug> fmt::Debug for UnitOutcome<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOutcome")
            .field("aggregate", &self.aggregate)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}
