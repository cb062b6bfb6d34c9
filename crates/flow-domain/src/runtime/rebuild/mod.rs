//! Projections made anew from the events of the store.

mod aside;
mod rebuilding;
mod replay;
mod report;

pub use rebuilding::StaleRow;
pub use report::{Rebuilt, Skipped};
