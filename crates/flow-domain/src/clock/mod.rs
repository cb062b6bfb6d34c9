//! Time and ids as ports. With the feature `testing`, there are also a virtual clock and virtual ids:
//! they give the same values in every run.

mod ids;
mod time;
mod timeout;
#[cfg(feature = "testing")]
mod virtual_clock;
#[cfg(feature = "testing")]
mod virtual_ids;

pub(crate) use timeout::{monotonic_now, timeout};

pub use ids::{IdContext, IdSource, SystemIds};
pub use time::{Clock, SystemClock, Timestamp};
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use timeout::is_clock_paused;
#[cfg(feature = "testing")]
pub use virtual_clock::VirtualClock;
#[cfg(feature = "testing")]
pub use virtual_ids::VirtualIds;
