//! Stores everything in the memory of this process.
//!
//! A [`MemoryStore`] is not a stub. It counts versions, refuses stale commits, writes all or nothing,
//! and stores serialized values. A [`MemoryBroker`] is a complete broker as well.
//!
//! The data lives as long as the store. An empty store costs nothing, and every test can have its own.

mod broker;
mod event_log;
mod forgettable;
mod leases;
mod outbox;
mod overlay;
mod small_map;
mod store;
mod store_state;
mod table_layer;
mod table_query;
mod tables;
#[cfg(test)]
mod tests;

pub use broker::MemoryBroker;
pub use store::MemoryStore;
