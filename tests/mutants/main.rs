//! The shop and the bank broken on purpose, one place at a time.

mod bank_flows;
#[path = "../fixture/mod.rs"]
mod fixture;
mod flows;
mod mutated;
mod shop_flows;
