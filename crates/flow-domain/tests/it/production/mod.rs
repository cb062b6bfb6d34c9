//! Tests of the background engine with in-memory adapters.
#![cfg(feature = "derive")]

mod chaos;
mod cut_off;
mod delivery;
pub(crate) mod fixture;
mod flaky_adapters;
mod handler_failures;
mod health;
mod load;
mod lost_race_limits;
mod lost_races;
mod outages;
mod rebuild;
mod retention;
mod several_engines;
mod shutdown;
mod soak;
mod stepped_clocks;
