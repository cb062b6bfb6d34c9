//! The tests of the harness, except `tests/architecture` and `tests/logs`.
//!
//! They are one binary with a module for each area, because cargo links each binary on its own.

mod assertions;
mod backend;
mod diagnosis;
mod end_to_end;
mod engine;
mod failure_reports;
mod fixture;
mod guards;
mod hangs;
mod invariants;
mod mutation;
mod own_system;
mod process_managers;
mod readme;
mod runner;
mod schema;
mod upcast;

// The files of `examples/broken` import these modules from the root of their crate.
use crate::readme::{cafe, mistake};
