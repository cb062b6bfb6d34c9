//! The samples broken on purpose, one place at a time: what their flows find of it, and whether the report
//! of a failure names the place.
//!
//! `FLOW_MUTANTS_TABLE=1 cargo test --test mutants` writes the tables to `target/mutants-sync.txt` and
//! `target/mutants-engine.txt`, with the mutations that no flow notices and the reports that do not name
//! the place; and the same of all mutations that there are to `target/mutants-all.txt`, of the shop and
//! the bank, `target/mutants-booking.txt` and `target/mutants-depot.txt`.

mod bank_flows;
mod booking_flows;
mod depot;
mod domain_mutation;
#[path = "../fixture/mod.rs"]
mod fixture;
mod flows;
mod measure;
mod shop_flows;
