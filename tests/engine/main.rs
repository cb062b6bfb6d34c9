//! Level 3: the same sentences through the engine, and what only the engine does.

mod compared;
mod determinism;
mod every_step;
mod faults;
#[path = "../fixture/mod.rs"]
mod fixture;
mod giving_up;
mod lanes;
mod later;
mod long;
mod overlap;
mod placing;
mod redelivery;
mod timeouts;
mod waiting;
