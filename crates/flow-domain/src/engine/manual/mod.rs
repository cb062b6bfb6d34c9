//! The engine that a test drives step by step.

pub(in crate::engine) mod footprint;
mod redelivery;
mod run;
pub(in crate::engine) mod settle_report;
pub(in crate::engine) mod step;
pub(in crate::engine) mod test_engine;
