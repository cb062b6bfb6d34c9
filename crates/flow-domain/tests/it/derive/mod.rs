//! The code of the derives, and their compile errors.
#![cfg(feature = "derive")]

mod aggregates;
mod compile_errors;
mod equality;
mod event_sourced;
mod messages;
mod projections;
