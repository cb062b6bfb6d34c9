//! The engine that runs by itself, on adapters in memory.
#![cfg(feature = "derive")]

mod delivering;
mod failing;
mod fixture;
mod flaky;
mod health;
mod keeping;
mod outages;
mod sharing;
mod stopping;
mod storm;
