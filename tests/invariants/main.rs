//! The invariants that every run checks, with a domain that violates each of them.

mod disabled_invariant;
mod fold;
mod rebuild;
mod round_trip;
mod shelf;
mod silent_change;
mod skipped_fields;
mod types_without_eq;
mod unit;

#[path = "../fixture/line_numbers.rs"]
mod line_numbers;

use flow_harness::{Flow, FlowFailure, flow::AfterAct};

use crate::line_numbers::mask_line_numbers;

#[track_caller]
fn failure(flow: Flow<'_, impl AfterAct>) -> FlowFailure {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure,
    }
}

/// Returns the report of a flow that fails.
///
/// Line numbers are masked. The rerun hint is left out, because it depends on the test runner.
#[track_caller]
fn report(flow: Flow<'_, impl AfterAct>) -> String {
    let text = failure(flow).to_string();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("rerun  "))
        .collect();

    mask_line_numbers(&lines.join("\n"))
}

/// Returns the expected and found values of a flow that fails.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    let text = failure(flow).mismatch().to_string();
    let lines: Vec<&str> = text.lines().map(|line| &line[2..]).collect();

    mask_line_numbers(&lines.join("\n"))
}
