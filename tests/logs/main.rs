//! What handlers write through `tracing`, under the delivery that wrote it.
//!
//! A binary of its own: other tests have no subscriber, and what `tracing` remembers of that is for the
//! whole process.

mod chain;
#[path = "../fixture/mod.rs"]
mod fixture;
mod talker;
mod test_subscriber;
