//! Rebuilds projections from the events of the store.

mod progress;
mod projections;
mod replay;
mod report;
mod scratch_store;
mod staging;
#[cfg(feature = "testing")]
pub(super) mod stale_rows;
mod taken_groups;

pub use progress::RebuildProgress;
pub use projections::Rebuild;
pub use report::{RebuildReport, SkippedEvent};
