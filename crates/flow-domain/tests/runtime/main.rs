//! What an app does with a command or an event, step by step, on a store in memory.
#![cfg(feature = "derive")]

mod alike;
mod budget;
mod cancelled;
mod commands;
mod conflicts;
mod copies;
mod dispatch;
mod failures;
mod fixture;
mod metadata;
mod misses;
mod nested;
mod overtaken;
mod process_managers;
mod projectors;
mod raised;
mod rebuilding;
mod records;
mod said;
mod send_sync;
mod stale;
mod unit_of_work;
mod variants;
mod views;
