//! Tests of the engine with a virtual clock, driven step by step.
#![cfg(feature = "derive")]

mod breaker;
mod crashes;
mod dead_letter_writes;
mod dead_letters;
mod deadlines;
mod deduplication;
mod delivery;
pub(crate) mod fixture;
mod footprints;
mod forks;
mod handle_error;
mod inline_processing;
mod lanes;
mod ledgers;
mod lost_answers;
mod lost_races;
mod order;
mod origin_filter;
mod outbox;
mod poison;
mod profiles;
mod rebuild;
mod retries;
mod scheduling;
mod single_steps;
mod stalls;
