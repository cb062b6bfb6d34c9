//! Mutation tests: each mutation changes one thing in a sample domain, and a flow should then fail.
//!
//! `FLOW_MUTANTS_TABLE=1 cargo test --test mutation` writes listings to `target/`. Each lists the
//! mutations that make no flow fail, and the reports that do not name the mutated handler:
//!
//! * `mutants-sync.txt` and `mutants-engine.txt`: for random mutations of the shop and the bank, in
//!   each mode;
//! * `mutants-all.txt`: for all mutations of the shop and the bank, in sync mode;
//! * `mutants-booking.txt` and `mutants-depot.txt`: for the booking system and the depot.

mod bank_flows;
mod booking_flows;
mod depot;
mod domain_mutation;
#[path = "../fixture/mod.rs"]
mod fixture;
mod flows;
mod measure;
mod shop_flows;
