//! Level 3: the same sentences through the engine, and what only the engine does.

mod concurrent_commands;
mod dead_letters;
mod determinism;
mod differential;
mod fault_at_every_step;
mod faults;
#[path = "../fixture/mod.rs"]
mod fixture;
mod lanes;
mod long_chain;
mod pending_messages;
mod place_order;
mod redelivery;
mod submitted_commands;
mod timeouts;
