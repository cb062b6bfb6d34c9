//! Logs that handlers write through `tracing`, shown under their delivery.
//!
//! These tests have their own binary. Other tests have no subscriber, and `tracing` caches for the
//! whole process whether there is one.

mod chain;
#[path = "../it/fixture/instructed.rs"]
mod instructed;
mod talker;
mod test_subscriber;
