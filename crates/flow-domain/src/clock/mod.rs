//! Time and ids as ports: the system's own, and virtual ones that make two runs equal.

mod ids;
mod limit;
mod time;

pub(crate) use limit::within;

pub use ids::{IdSource, Origin, SystemIds, VirtualIds};
pub use time::{Clock, SystemClock, Timestamp, VirtualClock};
