//! SQL stores for [`flow_domain`].
//!
//! | feature | store |
//! |---|---|
#![cfg_attr(
    feature = "postgres",
    doc = "| `postgres` | [`PostgresStore`](postgres::PostgresStore) |"
)]
#![cfg_attr(
    not(feature = "postgres"),
    doc = "| `postgres` | PostgreSQL 14 or later |"
)]
//!
//! Without a feature, the crate is empty and has no dependency on a database.
//!
//! A store passes every contract test of [`flow_domain::port`], and behaves like the store in memory.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod batch;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod declared_indexes;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod encoding;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod outbox_columns;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postgres")]
mod schema;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use declared_indexes::DeclaredIndexes;
#[cfg(feature = "postgres")]
pub use schema::SchemaName;
