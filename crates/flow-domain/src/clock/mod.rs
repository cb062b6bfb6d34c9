//! Time and ids as ports. The virtual clock and ids give the same values in every run.

mod ids;
mod time;
mod timeout;

pub(crate) use timeout::timeout;

pub use ids::{IdContext, IdSource, SystemIds, VirtualIds};
pub use time::{Clock, SystemClock, Timestamp, VirtualClock};
