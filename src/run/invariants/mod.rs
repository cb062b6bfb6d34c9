//! Checks the invariants of a run, and reports their violations.

mod check;
mod disabled;
mod mismatch_text;
mod rebuild;

pub(crate) use mismatch_text::violation_mismatch;
