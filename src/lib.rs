//! Tests of event-driven flows, from a command to its projection, as one sentence.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod expect;
pub mod flow;
pub mod prelude;
pub mod report;
pub mod run;
pub mod system;
pub mod unit;

pub use flow::{Flow, FlowHarness, Mode};
pub use flow_domain;
pub use report::FlowFailure;
pub use run::Outcome;
pub use unit::unit;
