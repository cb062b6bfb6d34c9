//! Captures what handlers log through `tracing`, each line with its handler call.

mod capture;
mod logs;

pub use logs::Log;
pub(crate) use logs::{Logs, capture_logs};
