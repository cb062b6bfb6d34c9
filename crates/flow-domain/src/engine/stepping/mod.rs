//! The engine that is pulled by a test, one step at a time.

mod again;
pub(in crate::engine) mod footprint;
pub(in crate::engine) mod one_step;
mod run;
pub(in crate::engine) mod settled;
pub(in crate::engine) mod test_engine;
