//! Test flows of [`flow_harness`] for systems that are built on [`cqrs_es`] 0.5.
//!
//! It is a dev-dependency. The production crate needs no change, if the function that builds its framework takes
//! any [`EventStore`](cqrs_es::EventStore). See the [README](https://crates.io/crates/flow-harness-cqrs-es) for a whole test, and
//! [`SystemUnderTest`](flow_harness::SystemUnderTest) for the description of a system.
//!
//! | for | item |
//! |---|---|
//! | telling the harness what was committed | [`RecordedStore`] |
//! | a store in memory that prints nothing | [`MemoryStore`] |
//! | a query that the test reads, too | [`SharedQuery`] |
//! | `.fallible_command(..)` | [`execute`] |
//! | `.history(..)` | [`RecordedStore::put_history`] |

mod execute;
mod memory_store;
mod recorded_store;
mod shared_query;

pub use execute::execute;
pub use memory_store::{MemoryContext, MemoryStore};
pub use recorded_store::RecordedStore;
pub use shared_query::SharedQuery;

/// The README's examples, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
