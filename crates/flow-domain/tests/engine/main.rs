//! What an engine does with what an app leaves for later, step by step, in virtual time.
#![cfg(feature = "derive")]

mod breaker;
mod dead_letters;
mod deadlines;
mod fixture;
mod footprints;
mod forks;
mod handle_error;
mod inline;
mod interrupted;
mod lanes;
mod later;
mod once;
mod order;
mod origin;
mod outbox;
mod profiles;
mod progress;
mod retries;
mod running;
mod stalls;
mod stepping;
mod unkept;
