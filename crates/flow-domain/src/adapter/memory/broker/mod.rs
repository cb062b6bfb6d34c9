//! A broker in this process: append-only logs, and groups that read them.
//!
//! A message stays in the log of its topic until it is trimmed. A group has one cursor for each of its
//! topics. It also has a list of the messages that a cursor has passed and that are not acknowledged.
//! These messages are held, or refused, or wait for an earlier message of their stream.
//!
//! Acknowledged messages add no cost to a read or a fork.

mod broker_state;
mod group;
mod memory_broker;
mod read_pass;
#[cfg(test)]
mod tests;
mod topic_log;
mod unacknowledged;

pub use memory_broker::MemoryBroker;
