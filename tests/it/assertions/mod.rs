//! Every assertion method: what it accepts, and what it reports on a mismatch.

mod chain;
mod closure_panics;
mod command_result;
mod compile_errors;
mod custom_expectation;
mod diagram;
mod events;
mod exact_numbers;
mod failure_location;
mod given;
mod handlers;
mod ids;
mod order_flows;
mod outcome;
mod resource;
mod rolled_back;
mod rows;
mod shared_names;
mod state;
mod unchanged;
mod unit;
mod unit_events;
mod when;
