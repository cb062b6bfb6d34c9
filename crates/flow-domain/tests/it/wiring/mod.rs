//! The wiring of a domain: errors when it is built, warnings, and the wiring as data.
#![cfg(feature = "derive")]

mod acknowledgements;
mod aggregates;
mod all_errors;
mod commands;
mod cycles;
mod data;
mod early_events;
mod events;
mod every_event;
pub(crate) mod fixture;
mod foreign_messages;
mod lanes;
mod names;
mod process_managers;
mod projections;
mod resolved_subscriptions;
mod shared_reading;
mod subscriptions;
mod warnings;
