//! The names that a test needs: `use flow_harness::prelude::*;`.

#[doc(no_inline)]
pub use crate::{
    expect::{self, Expectation, Mismatch},
    fault::Fault,
    flow::{Flow, FlowHarness, Mode, Resources},
    outcome::Outcome,
    report::FlowFailure,
    unit::unit,
};
#[doc(no_inline)]
pub use serde_json::json;
