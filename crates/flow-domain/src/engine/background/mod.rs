//! The engine that runs in the background: its tasks, how they wait, and how they stop.

mod consumer;
mod drain;
mod in_flight;
mod lease;
pub(in crate::engine) mod maintenance;
mod select;
pub(in crate::engine) mod tasks;
mod waiter;
mod worker;
