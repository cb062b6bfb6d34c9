//! What handlers write through `tracing`, under the delivery that wrote it.
//!
//! A binary of its own: other tests have no subscriber, and what `tracing` remembers of that is for the
//! whole process.

#[path = "../fixture/mod.rs"]
mod fixture;
mod others;
mod shown;
mod talker;
