//! Test flows of [`flow_harness`] for systems that are built on [`disintegrate`] 4.
//!
//! It is a dev-dependency. The production crate needs no change, if its functions take any
//! [`EventStore`](disintegrate::EventStore). See the [README](https://crates.io/crates/flow-harness-disintegrate) for a whole test, and
//! [`SystemUnderTest`](flow_harness::SystemUnderTest) for the description of a system.
//!
//! | for | item |
//! |---|---|
//! | telling the harness what was committed | [`RecordedStore`] |
//! | a store in memory | [`MemoryStore`] |
//! | `.fallible_command(..)` | [`execute`] |
//! | `.fallible_worker(..)` | [`ListenerWorker`] |
//! | `.history(..)` | [`RecordedStore::put_history`] |
//! | events in a test | [`at_ids`] |

mod address;
mod execute;
mod listener_worker;
mod memory_store;
mod recorded_store;

pub use address::{address_of, at_ids};
pub use execute::execute;
pub use listener_worker::{ListenerError, ListenerWorker};
pub use memory_store::{MemoryStore, MemoryStoreError};
pub use recorded_store::RecordedStore;

/// The README's examples, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
