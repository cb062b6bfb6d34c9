//! The engine that runs in the background: its tasks, how they wait, and how they stop.

pub(in crate::engine) mod clean_up;
mod drain;
mod in_flight;
mod relay_task;
pub(in crate::engine) mod tasks;
mod waiter;
mod worker;
