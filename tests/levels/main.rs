//! The tests of the seed at levels 1 and 2, corrected, each under a name that says what it shows.

mod bank;
#[path = "../fixture/mod.rs"]
mod fixture;
mod fulfilment;
mod mail;
mod placing;
mod unit;
mod wiring;
