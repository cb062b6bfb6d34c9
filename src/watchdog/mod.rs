//! Ends the waits of a test flow that hangs, or ends the process.
//!
//! Budgets and time limits stop whatever returns to the runtime, if time passes there. Code that blocks
//! its thread never returns. So one thread of the process checks from time to time whether each running
//! flow moves on. It ends a wait, and then the flow fails. If nobody polls the flow, it ends the process.

mod hang_limit;
mod progress;
mod thread;
mod watched_drop;
mod watched_flow;

pub(crate) use watched_drop::{DropBegin, DropEnd};
pub(crate) use watched_flow::{WatchGuard, WatchedFlow, watch_code};
