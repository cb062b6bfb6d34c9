//! The whole text of a failure, as its reader sees it.

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

/// The report of a sentence that fails; lines are `LINE`, and how to run it again is left out, for
/// that depends on who runs it.
#[track_caller]
fn report(flow: Flow<'_, impl AfterAct>) -> String {
    let text = match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.to_string(),
    };
    let lines = text.lines().filter(|line| !line.starts_with("again  "));
    let lines: Vec<&str> = lines.collect();
    mask_line_numbers(&lines.join("\n"))
}
