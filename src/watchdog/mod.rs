//! Ends the process if a test flow hangs.
//!
//! Budgets and time limits stop whatever returns to the runtime. Code that blocks its thread never
//! does. So one thread of the process checks from time to time whether each running flow moves on.

mod hang_limit;
mod thread;
mod watched_flow;

pub(crate) use watched_flow::WatchedFlow;
