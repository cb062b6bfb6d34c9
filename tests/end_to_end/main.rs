//! The tests of the seed at its three levels, corrected, each under a name that says what it shows.

mod bank;
mod engine;
#[path = "../fixture/mod.rs"]
mod fixture;
mod fulfilment;
mod mail;
mod place_order;
mod unit;
mod wiring;
