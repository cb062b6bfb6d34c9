//! The engine that runs by itself: its tasks, how they wait, and how they stop.

mod at_work;
mod drain;
pub(in crate::engine) mod duties;
mod first;
mod flights;
mod lease;
pub(in crate::engine) mod tasks;
mod waiter;
mod worker;
