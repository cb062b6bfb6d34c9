//! What a domain tells of its wiring: mistakes when it is built, warnings, and the wiring as data.
#![cfg(feature = "derive")]

mod aggregates;
mod commands;
mod cycles;
mod data;
mod events;
mod fixture;
mod names;
mod process_managers;
mod projections;
mod strangers;
mod together;
mod warnings;
