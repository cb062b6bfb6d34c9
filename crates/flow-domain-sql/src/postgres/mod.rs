//! A store in PostgreSQL 14 or later.
//!
//! # Commits
//!
//! A commit is one statement and one round trip: the call of a function that checks all versions and
//! writes everything. A conflict ends it, and says which stream or row is at which version.
//!
//! # Reads
//!
//! Positions are drawn from a sequence, so commits do not wait for each other. A commit holds a shared
//! advisory lock on the last position before its own. A read stops before the smallest locked position, so it
//! never skips an event that becomes visible later. Open transactions of others stop nobody.
//!
//! This needs the primary and the isolation level `READ COMMITTED`, which is the default. A read at a
//! standby is refused.
//!
//! # Connections
//!
//! [`PostgresStore::connect`] opens a pool that suits the store. [`PostgresStore::with_pool`] takes any
//! pool. A pool with `test_before_acquire`, which is the default of sqlx, costs one more round trip for each
//! call.
//!
//! All statements are prepared once for each connection. Behind PgBouncer in transaction mode, this needs
//! `max_prepared_statements` of PgBouncer 1.21 or later. The locks of the store end with their
//! transaction, so they work there.

#[cfg(feature = "testing")]
mod backend;
mod binding;
mod commit;
mod errors;
mod events;
mod indexes;
mod ledger;
mod migrations;
mod outbox;
mod query_sql;
mod statements;
mod store;
mod tables;

#[cfg(feature = "testing")]
pub use backend::PostgresBackend;
pub use store::PostgresStore;
