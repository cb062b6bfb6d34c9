//! Finds changes of stored messages before production does.
//!
//! Events stay stored for years, and the program changes. A renamed field compiles, and all tests
//! pass, but yesterday's events cannot be read. A [`SchemaCheck`] finds this: it keeps samples of each
//! version of each event in files, and reads all of them with today's domain.

mod check;
mod lock;
mod lost_part;
mod problem;
mod samples;

pub use check::SchemaCheck;
