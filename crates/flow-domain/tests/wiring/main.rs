//! What a domain tells of its wiring: mistakes when it is built, warnings, and the wiring as data.
#![cfg(feature = "derive")]

mod aggregates;
mod commands;
mod cycles;
mod data;
mod events;
mod every_event;
mod fixture;
mod lanes;
mod names;
mod process_managers;
mod projections;
mod read_together;
mod strangers;
mod subscribed;
mod subscriptions;
mod together;
mod warnings;
