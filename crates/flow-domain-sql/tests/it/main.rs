//! The tests of the SQL stores. They need a server: `scripts/test` starts one.
#![cfg(feature = "postgres")]

mod fixture;

mod contract;
mod failures;
mod gaps;
mod migrations;
mod views;
