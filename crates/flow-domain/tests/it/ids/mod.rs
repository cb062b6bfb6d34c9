//! One id has one key, wherever it is written or looked up.
#![cfg(feature = "derive")]

mod enums;
mod generated;
mod invalid_keys;
#[cfg(feature = "chrono")]
mod times;
mod typed;
