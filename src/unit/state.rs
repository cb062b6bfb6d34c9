use flow_domain::{Aggregate, message::Payload};
use serde_json::Value;

use crate::{
    expect::{require_equal, require_like},
    flow::Mismatch,
    report::show_stored,
    unit::UnitOutcome,
};

const UNEXPECTED_STATE: &str = "is not as expected";

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last word ends the test"
)]
impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Expects that the closure holds for the aggregate as it is now.
    #[track_caller]
    pub fn has(self, holds: impl FnOnce(&A) -> bool) -> Self {
        let checked = if holds(&self.aggregate) {
            Ok(())
        } else {
            let expected = format!("{} for which the closure holds", A::NAME);
            Err(Mismatch::new(expected, render_aggregate(&self.aggregate)))
        };
        self.expect(UNEXPECTED_STATE, checked)
    }

    /// Expects that the aggregate equals `expected`, as it would be stored.
    #[track_caller]
    pub fn is(self, expected: A) -> Self {
        let expected = encode_aggregate(&expected);
        let checked = require_equal(
            || A::NAME.to_owned(),
            &expected,
            &encode_aggregate(&self.aggregate),
        );
        self.expect(UNEXPECTED_STATE, checked)
    }

    /// Expects that the aggregate has these fields with these values, and maybe others, as it would be
    /// stored: `json!({ "status": "Placed" })`.
    #[track_caller]
    pub fn like(self, expected: Value) -> Self {
        let checked = require_like(A::NAME, &expected, &encode_aggregate(&self.aggregate));
        self.expect(UNEXPECTED_STATE, checked)
    }
}

#[track_caller]
fn encode_aggregate<A: Aggregate>(aggregate: &A) -> Payload {
    match Payload::encode(A::NAME, aggregate) {
        Ok(payload) => payload,
        Err(err) => panic!("{}", err.with_causes()),
    }
}

/// Shows an aggregate as it would be stored, also one that cannot be.
fn render_aggregate<A: Aggregate>(aggregate: &A) -> String {
    match Payload::encode(A::NAME, aggregate) {
        Ok(payload) => format!("{} {}", A::NAME, show_stored(&payload)),
        Err(_) => format!("{aggregate:?}"),
    }
}
