use std::fmt;

use flow_domain::Aggregate;

use crate::flow::Mismatch;

/// What a method of an aggregate gives back: nothing, a value, or a rejection.
pub trait Answer {
    /// The type of what it answers if it does not refuse.
    type Reply;

    /// The type of the rejection.
    type Rejection;

    /// What it answered, or the rejection, if the aggregate refused.
    ///
    /// # Errors
    ///
    /// Returns the rejection.
    fn reply(&self) -> Result<&Self::Reply, &Self::Rejection>;
}

/// An aggregate whose methods cannot refuse.
impl Answer for () {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn reply(&self) -> Result<&(), &Self::Rejection> {
        Ok(self)
    }
}

impl<T, R> Answer for Result<T, R> {
    type Reply = T;
    type Rejection = R;

    fn reply(&self) -> Result<&T, &R> {
        self.as_ref()
    }
}

/// What a method of an aggregate left behind, to be asserted on.
///
/// Every word panics, at the line of the test, if what it expects is not so.
pub struct UnitOutcome<A, R> {
    pub(super) aggregate: A,
    pub(super) answer: R,
    /// How many events had been raised before.
    pub(super) n_before: usize,
}

impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Returns the aggregate, for ordinary asserts.
    pub fn aggregate(self) -> A {
        self.aggregate
    }

    /// Panics with the mismatch, if there is one.
    #[track_caller]
    pub(super) fn expect(self, what: &str, checked: Result<(), Mismatch>) -> Self {
        match checked {
            Ok(()) => self,
            Err(mismatch) => panic!("{} {what}\n\n{mismatch}", A::NAME),
        }
    }
}

impl<A: fmt::Debug, R: fmt::Debug> fmt::Debug for UnitOutcome<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOutcome")
            .field("aggregate", &self.aggregate)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
