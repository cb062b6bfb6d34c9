//! A broker in this process: append-only logs.
//!
//! A message stays in the log of its topic until it is trimmed. A topic has one log for all its
//! partitions, because readers nearly always read all of them.

mod broker_state;
mod memory_broker;
mod recent_ids;
#[cfg(test)]
mod tests;
mod topic_log;

pub use memory_broker::MemoryBroker;
