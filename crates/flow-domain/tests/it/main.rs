//! The tests of the runtime, except `tests/traces`.
//!
//! They are one binary with a module for each area, because cargo links each binary on its own.

mod adapters;
mod derive;
mod engine;
mod fixture;
mod ids;
mod production;
mod runtime;
mod wiring;
