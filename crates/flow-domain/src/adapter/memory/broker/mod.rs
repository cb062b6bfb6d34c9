//! A broker in this process: logs that only grow, and groups that each go through them.
//!
//! A message stays in the log of its topic until it is trimmed. A group has one cursor for each of its
//! topics, and keeps apart what it went past and is not done with: what is handed out, what was
//! refused, and what waits for an earlier message of its stream. What was done with long ago costs
//! nothing, neither a read nor a fork.

mod broker_state;
mod group;
mod memory_broker;
mod read_pass;
#[cfg(test)]
mod tests;
mod topic_log;
mod unacknowledged;

pub use memory_broker::MemoryBroker;
