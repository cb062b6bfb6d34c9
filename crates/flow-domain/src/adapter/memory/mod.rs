//! Keeps everything in this process: the real rules of a store, without the waiting.
//!
//! A [`MemoryStore`] is not a stub: it counts versions, refuses what is stale, writes all or
//! nothing, and reads back what was serialised. It ends with its last owner; an empty one costs
//! nothing, so that every test can have its own. A [`MemoryBroker`] is a real broker likewise.

mod broker;
mod event_log;
mod outbox;
mod overlay;
mod small_map;
mod store;
mod store_state;
mod tables;
#[cfg(test)]
mod tests;

pub use broker::MemoryBroker;
pub use store::MemoryStore;
