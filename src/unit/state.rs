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
    reason = "the last assertion ends the test"
)]
impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Expects that `holds` returns true for the aggregate after the method.
    #[track_caller]
    pub fn has(self, holds: impl FnOnce(&A) -> bool) -> Self {
        let checked = if holds(&self.aggregate) {
            Ok(())
        } else {
            let expected = format!("{} for which the closure returns true", A::NAME);
            Err(Mismatch::new(expected, render_aggregate(&self.aggregate)))
        };

        self.expect(UNEXPECTED_STATE, checked)
    }

    /// Expects that the aggregate equals `expected`. Their stored forms are compared.
    #[track_caller]
    pub fn is(self, expected: A) -> Self {
        let expected = encode_aggregate(&expected);
        let found = encode_aggregate(&self.aggregate);
        let checked = require_equal(|| A::NAME.to_owned(), &expected, &found);

        self.expect(UNEXPECTED_STATE, checked)
    }

    /// Expects that the stored form of the aggregate has these fields with these values.
    ///
    /// An example is `json!({ "status": "Placed" })`. The stored form may have other fields.
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

/// Renders the stored form of an aggregate, or its `Debug` form if it has no stored form.
fn render_aggregate<A: Aggregate>(aggregate: &A) -> String {
    match Payload::encode(A::NAME, aggregate) {
        Ok(payload) => format!("{} {}", A::NAME, show_stored(&payload)),
        Err(_) => format!("{aggregate:?}"),
    }
}
