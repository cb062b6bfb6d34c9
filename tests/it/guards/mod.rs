//! Guards: no flow passes by accident.

mod comparison;
mod empty_input;
mod engine;
mod expectations;
mod faults;
mod folded_events;
mod idle_acts;
mod idle_given_command;
mod idle_messages;
mod ignored_errors;
mod ignored_failures;
mod json;
mod met_before_acts;
mod met_by_earlier_acts;
mod never_fails;
mod never_happens;
mod run_guard;
mod settings;
mod tasks;
mod trap_list;
mod traps;
mod unasserted_problem;
mod unchanged_state;
mod unknown_names;
mod unseen_failures;
mod warnings;
