//! How an app processes commands and events, on a store in memory.
#![cfg(feature = "derive")]

mod budget;
mod cancellation;
mod commands;
mod conflicts;
mod copies;
mod declared_fields;
mod dispatch;
mod exact_numbers;
mod failures;
pub(crate) mod fixture;
mod generated_values;
mod metadata;
mod nested_commands;
mod not_found;
mod pending_events;
mod personal;
mod process_managers;
mod projectors;
mod raised_events;
mod rebuild;
mod rebuild_batches;
mod records;
mod savepoints;
mod send_sync;
mod similar_names;
mod snapshots;
mod stale_copies;
mod stale_decisions;
mod subscription_settings;
mod time_limits;
mod unit_of_work;
mod variants;
mod verify_writes;
mod views;
