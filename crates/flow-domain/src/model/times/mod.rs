//! The times and dates of Rust and of other crates, as ids and as sortable fields.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
mod key;
#[cfg(feature = "time")]
mod time;

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
use key::date_key;
pub(super) use key::{nanos_since_epoch, time_key};
