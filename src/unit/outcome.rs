use std::fmt;

use flow_domain::{
    Aggregate, Error, Rejection,
    message::Payload,
    model::{AnyEvent, MessageList, Written},
};

use crate::{
    expect::{Seen, compare},
    flow::Mismatch,
    report::show_stored,
};

/// What a method of an aggregate gives back: nothing, a value, or a rejection.
pub trait Answer {
    /// The type of the rejection.
    type Rejection;

    /// The rejection, if the aggregate refused.
    fn rejection(&self) -> Option<&Self::Rejection>;
}

/// An aggregate whose methods cannot refuse.
impl Answer for () {
    type Rejection = std::convert::Infallible;

    fn rejection(&self) -> Option<&Self::Rejection> {
        None
    }
}

impl<T, R> Answer for Result<T, R> {
    type Rejection = R;

    fn rejection(&self) -> Option<&R> {
        self.as_ref().err()
    }
}

/// What a method of an aggregate left behind, to be asserted on.
///
/// Every word panics, at the line of the test, if what it expects is not so.
pub struct UnitOutcome<A, R> {
    aggregate: A,
    answer: R,
    /// How many events had been raised before.
    n_before: usize,
}

impl<A: Aggregate, R: Answer> UnitOutcome<A, R> {
    pub(super) fn new(aggregate: A, answer: R, n_before: usize) -> Self {
        Self {
            aggregate,
            answer,
            n_before,
        }
    }

    /// Expects exactly these events, in this order, raised by the method.
    #[track_caller]
    #[allow(
        clippy::return_self_not_must_use,
        reason = "the last word ends the test"
    )]
    pub fn then_events(self, expected: impl MessageList<AnyEvent>) -> UnitOutcome<A, R> {
        self.compare_events(&expected);
        self
    }

    /// Expects that the method raised no events.
    #[track_caller]
    #[allow(
        clippy::return_self_not_must_use,
        reason = "the last word ends the test"
    )]
    pub fn then_no_events(self) -> UnitOutcome<A, R> {
        self.compare_events(&());
        self
    }

    #[track_caller]
    fn compare_events(&self, expected: &impl MessageList<AnyEvent>) {
        let compared = written(expected).and_then(|expected| {
            let raised = self.aggregate.raised().written()?;
            let found: Vec<Seen> = raised[self.n_before..].iter().map(Seen::from).collect();
            Ok(compare(&expected, &found))
        });
        match compared {
            Ok(Ok(())) => {}
            Ok(Err(mismatch)) => fail::<A>("raised other events than expected", &mismatch),
            Err(err) => panic!("{}", err.with_causes()),
        }
    }

    /// Expects that the closure holds for the aggregate as it is now.
    #[track_caller]
    #[allow(
        clippy::return_self_not_must_use,
        reason = "the last word ends the test"
    )]
    pub fn has(self, holds: impl FnOnce(&A) -> bool) -> UnitOutcome<A, R> {
        if !holds(&self.aggregate) {
            let found = show_now(&self.aggregate);
            let expected = format!("{} for which the closure holds", A::NAME);
            fail::<A>("is not as expected", &Mismatch::new(expected, found));
        }
        self
    }

    /// Expects that the method did not refuse.
    #[track_caller]
    #[allow(
        clippy::return_self_not_must_use,
        reason = "the last word ends the test"
    )]
    pub fn then_accepted(self) -> UnitOutcome<A, R>
    where
        R::Rejection: fmt::Debug,
    {
        if let Some(rejection) = self.answer.rejection() {
            fail::<A>(
                "refused",
                &Mismatch::new("it accepts", format!("{rejection:?}")),
            );
        }
        self
    }

    /// Expects that the method refused with this value.
    #[track_caller]
    #[allow(
        clippy::return_self_not_must_use,
        reason = "the last word ends the test"
    )]
    pub fn then_rejected(self, expected: R::Rejection) -> UnitOutcome<A, R>
    where
        R::Rejection: Rejection + PartialEq,
    {
        match self.answer.rejection() {
            Some(found) if *found == expected => self,
            Some(found) => fail::<A>(
                "refused with another value",
                &Mismatch::new(format!("{expected:?}"), format!("{found:?}")),
            ),
            None => fail::<A>(
                "accepted",
                &Mismatch::new(format!("it refuses with {expected:?}"), "it accepted"),
            ),
        }
    }

    /// Returns the aggregate, for ordinary asserts.
    pub fn aggregate(self) -> A {
        self.aggregate
    }
}

fn written(expected: &impl MessageList<AnyEvent>) -> Result<Vec<Seen>, Error> {
    let mut written = Vec::new();
    expected.try_for_each(&mut |event| {
        let event: Written = event.write()?;
        written.push(Seen::from(&event));
        Ok(())
    })?;
    Ok(written)
}

/// Shows an aggregate as it would be stored.
fn show_now<A: Aggregate>(aggregate: &A) -> String {
    match Payload::encode(A::NAME, aggregate) {
        Ok(payload) => format!("{} {}", A::NAME, show_stored(&payload)),
        Err(_) => format!("{aggregate:?}"),
    }
}

#[track_caller]
fn fail<A: Aggregate>(what: &str, mismatch: &Mismatch) -> ! {
    panic!("{} {what}\n\n{mismatch}", A::NAME)
}

impl<A: fmt::Debug, R: fmt::Debug> fmt::Debug for UnitOutcome<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOutcome")
            .field("aggregate", &self.aggregate)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
