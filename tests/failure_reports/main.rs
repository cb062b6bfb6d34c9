//! Whole failure reports, as a user sees them.

mod closures;
mod command_result;
mod events;
#[path = "../fixture/mod.rs"]
mod fixture;
mod handlers;
mod long_chain;
mod panics;
mod rolled_back;
mod several_problems;
mod state;
mod wiring;

use flow_harness::{Flow, flow::AfterAct};

use crate::fixture::mask_line_numbers;

/// Returns the report of a flow that fails.
///
/// Line numbers are masked. The rerun hint is left out, because it depends on the test runner.
#[track_caller]
fn report(flow: Flow<'_, impl AfterAct>) -> String {
    let text = match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.to_string(),
    };

    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("rerun  "))
        .collect();
    mask_line_numbers(&lines.join("\n"))
}
