//! The tests of the SQL stores. Those of PostgreSQL need a server: `scripts/test` starts one.
#![cfg(any(feature = "postgres", feature = "sqlite"))]

mod crashes;
mod engines;
mod fixture;
mod json_order;
mod lanes;
mod personal;
mod random;
mod rebuilds;
mod stepped_clocks;
mod unknown_types;
mod unreadable_messages;

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
