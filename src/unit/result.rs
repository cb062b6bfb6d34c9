use std::fmt;

use flow_domain::{Aggregate, Rejection, handler::short_type_name};

use crate::{
    expect::empty_text_mismatch,
    flow::Mismatch,
    unit::{MethodResult, UnitOutcome},
};

const ACCEPTED: &str = "accepted";
const WRONG_REJECTION: &str = "refused with another value";

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last word ends the test"
)]
impl<A: Aggregate, R: MethodResult> UnitOutcome<A, R> {
    /// Expects that the method did not refuse.
    #[track_caller]
    pub fn then_accepted(self) -> Self {
        let checked = match self.result.as_result() {
            Ok(_) => Ok(()),
            Err(rejection) => Err(Mismatch::new("it accepts", format!("{rejection:?}"))),
        };
        self.expect("refused", checked)
    }

    /// Expects that the method refused with this value.
    #[track_caller]
    pub fn then_rejected(self, expected: R::Rejection) -> Self
    where
        R::Rejection: Rejection + PartialEq,
    {
        let shown = format!("{expected:?}");
        self.check_rejection(&shown, |rejection| *rejection == expected)
    }

    /// Expects that the method refused with a value for which the closure holds.
    #[track_caller]
    pub fn then_rejected_like(self, holds: impl Fn(&R::Rejection) -> bool) -> Self
    where
        R::Rejection: Rejection,
    {
        let name = short_type_name::<R::Rejection>();
        let expected = format!("a value of type {name} for which the closure holds");
        self.check_rejection(&expected, holds)
    }

    /// Expects that the method refused with a message that contains this text.
    #[track_caller]
    pub fn then_rejected_saying(mut self, text: &str) -> Self
    where
        R::Rejection: Rejection,
    {
        self.assertion_guard.mark_rejection_asserted();
        let expected = format!("it refuses, saying {text:?}");
        let (what, checked) = match self.result.as_result() {
            _ if text.is_empty() => (WRONG_REJECTION, Err(empty_text_mismatch())),
            Err(rejection) if rejection.to_string().contains(text) => (WRONG_REJECTION, Ok(())),
            Err(rejection) => {
                let found = format!("it refused: {rejection}");
                (WRONG_REJECTION, Err(Mismatch::new(expected, found)))
            }
            Ok(_) => (ACCEPTED, Err(Mismatch::new(expected, "it accepted"))),
        };

        self.expect(what, checked)
    }

    /// Expects that the method answered with this value: what is in its `Ok`.
    #[track_caller]
    pub fn then_reply(self, expected: R::Reply) -> Self
    where
        R::Reply: PartialEq + fmt::Debug,
    {
        let shown = format!("the reply {expected:?}");
        let (what, checked) = match self.result.as_result() {
            Ok(found) if *found == expected => (ACCEPTED, Ok(())),
            Ok(found) => {
                let found = format!("the reply {found:?}");
                ("answered otherwise", Err(Mismatch::new(shown, found)))
            }
            Err(rejection) => {
                let found = format!("it refused with {rejection:?}");
                ("refused", Err(Mismatch::new(shown, found)))
            }
        };

        self.expect(what, checked)
    }

    #[track_caller]
    fn check_rejection(mut self, expected: &str, holds: impl Fn(&R::Rejection) -> bool) -> Self {
        self.assertion_guard.mark_rejection_asserted();
        let (what, checked) = match self.result.as_result() {
            Err(found) if holds(found) => (WRONG_REJECTION, Ok(())),
            Err(found) => {
                let found = format!("{found:?}");
                (WRONG_REJECTION, Err(Mismatch::new(expected, found)))
            }
            Ok(_) => {
                let expected = format!("it refuses with {expected}");
                (ACCEPTED, Err(Mismatch::new(expected, "it accepted")))
            }
        };

        self.expect(what, checked)
    }
}
