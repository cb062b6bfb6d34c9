//! The stores on which flows run: in memory, or in a real database.
//!
//! # Choosing
//!
//! | `FLOW_BACKEND` | in code | feature | a run has |
//! |---|---|---|---|
//! | not set, or `memory` | [`MemoryBackend`] | | a store in memory |
//! | `sqlite::memory:` | `SqliteBackend::in_memory()` | `sqlite` | a database in memory |
//! | `sqlite:target/flows` | `SqliteBackend::in_folder("target/flows")` | `sqlite` | a file in this folder |
//! | `postgres://user@host/database` | `PostgresBackend::new(..)` | `postgres` | a schema of this database |
//!
//! The environment variable needs no change of a test. [`FlowHarness::backend`](crate::FlowHarness::backend)
//! chooses for one harness, and overrides the variable. A [`Backend`] of your own is equal to these.
//!
//! # Time
//!
//! The clock and the ids of the domain are virtual on every backend. The sockets of a database need real
//! time. So each call of the store blocks the thread of the flow until it is done, and the paused clock of
//! `.run()` stands still meanwhile. Handlers take turns as in memory, and the record of a run is the same.
//! A call that takes longer than 30 seconds fails.
//!
//! # What differs from memory
//!
//! The broker of a flow is in memory on every backend.
mod background;
mod blocking_store;
mod choice;

pub use flow_domain::testing::{Backend, MemoryBackend, OpenedStore};
#[cfg(feature = "postgres")]
pub use flow_domain_sql::postgres::PostgresBackend;
#[cfg(feature = "sqlite")]
pub use flow_domain_sql::sqlite::SqliteBackend;

pub(crate) use choice::BackendChoice;
