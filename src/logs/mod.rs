//! Captures what handlers log through `tracing`, each line with its handler call.

mod capture;
mod captured;

pub use captured::Log;
pub(crate) use captured::{Logs, capture_logs};
