//! The names that a test needs: `use flow_harness::prelude::*;`.

pub use crate::{
    fault::{Fault, StepFault},
    flow::{Expectation, Flow, FlowHarness, Mismatch, Mode, Resources},
    report::FlowFailure,
    run::Outcome,
    unit::unit,
};
pub use serde_json::json;
