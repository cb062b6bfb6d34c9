//! Level 3: test flows in engine mode, and features that only the engine has.

mod concurrent_commands;
mod dead_letters;
mod determinism;
mod differential;
mod differential_replies;
mod fault_at_every_step;
mod faults;
mod lanes;
mod long_chain;
mod pending_messages;
mod place_order;
mod redelivery;
mod submitted_commands;
mod timeouts;
mod virtual_time;
