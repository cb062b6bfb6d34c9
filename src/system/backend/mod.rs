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
//! A run has a store of its own on every backend, and its record is the same. `FLOW_COMPARE_BACKEND` takes the same
//! values: each flow runs on that backend, too, and both runs are compared. See
//! [`docs::backends`](crate::docs::backends).
//!
//! # A backend of your own
//!
//! [`Backend::open`] returns a store. Its futures may need sockets and timers of tokio: the harness polls them
//! within a runtime in real time, and blocks the thread of the flow until they are done. So the paused clock of
//! `.run()` stands still meanwhile.

mod background;
mod blocking_store;
mod choice;

pub use flow_domain::testing::{Backend, MemoryBackend, OpenedStore};
#[cfg(feature = "postgres")]
pub use flow_domain_sql::postgres::PostgresBackend;
#[cfg(feature = "sqlite")]
pub use flow_domain_sql::sqlite::SqliteBackend;

pub(crate) use choice::BackendChoice;
