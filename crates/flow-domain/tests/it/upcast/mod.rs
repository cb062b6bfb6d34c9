//! Events of yesterday, and events of tomorrow.
#![cfg(feature = "derive")]

mod chain;
mod families;
mod fixture;
mod mistakes;
mod newer;
mod production;
mod reading;
mod rebuild;
mod retired;
