//! The invariants that every run checks, with a domain that violates each of them.

mod disabled_invariant;
mod fold;
mod new_aggregate;
mod rebuild;
mod round_trip;
mod shelf;
mod silent_change;
mod skipped_fields;
mod snapshot;
mod types_without_eq;
mod unit;
