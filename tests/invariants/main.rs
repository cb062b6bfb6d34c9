//! The laws that every sentence looks after by itself: a domain that breaks each, and what is said then.

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
mod lines;

use flow_harness::{Flow, FlowFailure, flow::AfterAct};

use crate::lines::mask_line_numbers;

#[track_caller]
fn failure(flow: Flow<'_, impl AfterAct>) -> FlowFailure {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure,
    }
}

/// The report of a sentence that fails; lines are `LINE`, and how to run it again is left out, for
/// that depends on who runs it.
#[track_caller]
fn report(flow: Flow<'_, impl AfterAct>) -> String {
    let text = failure(flow).to_string();
    let lines = text.lines().filter(|line| !line.starts_with("again  "));
    let lines: Vec<&str> = lines.collect();
    mask_line_numbers(&lines.join("\n"))
}

/// What was expected and found.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    let text = failure(flow).mismatch().to_string();
    let lines: Vec<&str> = text.lines().map(|line| &line[2..]).collect();
    mask_line_numbers(&lines.join("\n"))
}
