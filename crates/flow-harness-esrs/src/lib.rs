//! Test flows of [`flow_harness`] for systems that are built on [`esrs`] 0.18.
//!
//! It is a dev-dependency. The production crate needs no change, if its functions take any
//! [`EventStore`](esrs::store::EventStore). See the [README](https://crates.io/crates/flow-harness-esrs) for a whole test, and
//! [`SystemUnderTest`](flow_harness::SystemUnderTest) for the description of a system.
//!
//! | for | item |
//! |---|---|
//! | a store in memory, which tells the harness what was committed | [`MemoryStore`] |
//! | the same on another store, for example in PostgreSQL | [`RecordedEvents`] |
//! | a bus in memory, whose consumer is a `.worker(..)` | [`MemoryBus`] |
//! | `.fallible_command(..)` | [`execute`] |
//! | `.history(..)` | [`MemoryStore::put_history`] |

mod execute;
mod memory_bus;
mod memory_store;
mod recorded_events;
mod streams;

pub use execute::{ExecuteError, execute};
pub use memory_bus::MemoryBus;
pub use memory_store::{MemoryStore, MemoryStoreError};
pub use recorded_events::RecordedEvents;

/// The README's examples, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
