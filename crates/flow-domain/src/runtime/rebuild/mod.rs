//! Rebuilds projections from the events of the store.

mod projections;
mod replay;
mod report;
mod scratch_store;

pub use projections::StaleRow;
pub use report::{RebuildReport, SkippedEvent};
