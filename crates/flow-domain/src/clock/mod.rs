//! Time and ids as ports: the system's own, and virtual ones that make two runs equal.

mod ids;
mod time;
mod timeout;

pub(crate) use timeout::timeout;

pub use ids::{IdContext, IdSource, SystemIds, VirtualIds};
pub use time::{Clock, SystemClock, Timestamp, VirtualClock};
