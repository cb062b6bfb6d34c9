//! Time and ids as ports: the system's own, and virtual ones that make two runs equal.

mod ids;
mod time;

pub use ids::{IdSource, Origin, SystemIds, VirtualIds};
pub use time::{Clock, SystemClock, Timestamp, VirtualClock};
