//! The laws that every sentence looks after by itself: a domain that breaks each, and what is said then.

mod fold;
mod read_once;
mod rebuild;
mod round_trip;
mod shelf;
mod silent_change;
mod switched_off;
mod unit;
mod without_eq;

#[path = "../fixture/lines.rs"]
mod lines;

use flow_harness::{Flow, FlowFailure, flow::AfterAct};

use crate::lines::without_lines;

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
    without_lines(&lines.join("\n"))
}

/// What was expected and found.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    let text = failure(flow).mismatch().to_string();
    let lines: Vec<&str> = text.lines().map(|line| &line[2..]).collect();
    without_lines(&lines.join("\n"))
}
