//! What an app does with a command or an event, step by step, on a store in memory.
#![cfg(feature = "derive")]

mod budget;
mod commands;
mod conflicts;
mod dispatch;
mod failures;
mod fixture;
mod metadata;
mod nested;
mod process_managers;
mod projectors;
mod records;
mod send_sync;
mod stale;
mod traces;
mod unit_of_work;
mod variants;
mod views;
