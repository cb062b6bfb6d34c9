//! Whole failure reports, as a user sees them.

mod closures;
mod command_result;
mod events;
mod handlers;
mod long_chain;
mod panicking_texts;
mod panics;
mod problem_count;
mod rolled_back;
mod several_problems;
mod state;
mod wiring;
