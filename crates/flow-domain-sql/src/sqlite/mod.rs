//! A store in one SQLite database: a file, or memory.
//!
//! # Commits
//!
//! One thread writes, because SQLite has one writer at a time. Commits that wait for it go to the disk together.
//! Each is still whole or not at all, and has an error of its own.
//!
//! The file has a write-ahead log, and every commit is on the disk when it returns.
//!
//! # Reads
//!
//! Threads of their own read, so a reader waits for no writer. Positions are drawn by the one writer, so they are
//! visible in their order.
//!
//! # Views
//!
//! Conditions and sorting run in the database, by the comparison of the port.

#[cfg(feature = "testing")]
mod backend;
mod commit;
mod errors;
mod events;
mod functions;
mod ledger;
mod migrations;
mod outbox;
mod query_sql;
mod rows;
mod store;
mod table_changes;
mod tables;
mod worker;

#[cfg(feature = "testing")]
pub use backend::SqliteBackend;
pub use store::SqliteStore;
