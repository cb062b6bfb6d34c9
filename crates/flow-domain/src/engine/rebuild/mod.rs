//! Rebuilds projections from the events of the store.

mod projections;
mod replay;
mod report;
mod scratch_store;
#[cfg(feature = "testing")]
pub(super) mod stale_rows;
mod taken_groups;

pub use report::{RebuildReport, SkippedEvent};
