//! The engine that runs in the background: its tasks, how they wait, and how they stop.

mod drain;
mod in_flight;
pub(in crate::engine) mod maintenance;
mod select;
pub(in crate::engine) mod tasks;
mod waiter;
mod worker;
