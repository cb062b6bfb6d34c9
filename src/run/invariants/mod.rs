//! Checks the invariants of a run, and reports their violations.

mod check;
mod debug_diff;
mod mismatch_text;
mod rebuild;
mod silent_change;

pub(crate) use mismatch_text::violation_mismatch;
pub(super) use silent_change::silent_changes;
