use std::fmt;

use flow_domain::{Aggregate, Rejection, handler::short_type_name};

use crate::{
    expect::empty_text_mismatch,
    flow::Mismatch,
    unit::{MethodResult, UnitOutcome},
};

const ACCEPTED: &str = "accepted";
const WRONG_REJECTION: &str = "rejected with another value";

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last assertion ends the test"
)]
impl<A: Aggregate, R: MethodResult> UnitOutcome<A, R> {
    /// Expects that the method did not reject.
    #[track_caller]
    pub fn then_accepted(self) -> Self {
        let checked = match self.result.as_result() {
            Ok(_) => Ok(()),
            Err(rejection) => Err(Mismatch::new(
                ACCEPTED,
                format!("rejected with {rejection:?}"),
            )),
        };

        self.expect("rejected", checked)
    }

    /// Expects that the method rejected with this value.
    #[track_caller]
    pub fn then_rejected(self, expected: R::Rejection) -> Self
    where
        R::Rejection: Rejection + PartialEq,
    {
        let expected_text = format!("{expected:?}");
        self.check_rejection(&expected_text, |rejection| *rejection == expected)
    }

    /// Expects that the method rejected with a value for which the closure `holds` returns true.
    #[track_caller]
    pub fn then_rejected_like(self, holds: impl Fn(&R::Rejection) -> bool) -> Self
    where
        R::Rejection: Rejection,
    {
        let name = short_type_name::<R::Rejection>();
        let expected = format!("a value of type {name} for which the closure returns true");
        self.check_rejection(&expected, holds)
    }

    /// Expects that the method rejected with a message that contains `text`.
    #[track_caller]
    pub fn then_rejected_saying(mut self, text: &str) -> Self
    where
        R::Rejection: Rejection,
    {
        self.assertion_guard.mark_rejection_asserted();

        let expected = format!("rejected with a message that contains {text:?}");
        // A panic shows the summary. It has no effect if the check succeeds.
        let (summary, checked) = match self.result.as_result() {
            _ if text.is_empty() => (WRONG_REJECTION, Err(empty_text_mismatch())),
            Err(rejection) if rejection.to_string().contains(text) => (WRONG_REJECTION, Ok(())),
            Err(rejection) => {
                let found = format!("rejected: {rejection}");
                (WRONG_REJECTION, Err(Mismatch::new(expected, found)))
            }
            Ok(_) => (ACCEPTED, Err(Mismatch::new(expected, ACCEPTED))),
        };

        self.expect(summary, checked)
    }

    /// Expects that the method returned this value in its `Ok`.
    #[track_caller]
    pub fn then_reply(self, expected: R::Reply) -> Self
    where
        R::Reply: PartialEq + fmt::Debug,
    {
        let expected_text = format!("the reply {expected:?}");
        let (summary, checked) = match self.result.as_result() {
            Ok(reply) if *reply == expected => (ACCEPTED, Ok(())),
            Ok(reply) => {
                let found = format!("the reply {reply:?}");
                let mismatch = Mismatch::new(expected_text, found);
                ("replied with another value", Err(mismatch))
            }
            Err(rejection) => {
                let found = format!("rejected with {rejection:?}");
                ("rejected", Err(Mismatch::new(expected_text, found)))
            }
        };

        self.expect(summary, checked)
    }

    #[track_caller]
    fn check_rejection(
        mut self,
        expected_value: &str,
        holds: impl Fn(&R::Rejection) -> bool,
    ) -> Self {
        self.assertion_guard.mark_rejection_asserted();

        let (summary, checked) = match self.result.as_result() {
            Err(rejection) if holds(rejection) => (WRONG_REJECTION, Ok(())),
            Err(rejection) => {
                let found = format!("{rejection:?}");
                (WRONG_REJECTION, Err(Mismatch::new(expected_value, found)))
            }
            Ok(_) => {
                let expected = format!("rejected with {expected_value}");
                (ACCEPTED, Err(Mismatch::new(expected, ACCEPTED)))
            }
        };

        self.expect(summary, checked)
    }
}
