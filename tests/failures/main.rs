//! The whole text of a failure, as its reader sees it.

mod closures;
mod events;
#[path = "../fixture/mod.rs"]
mod fixture;
mod handlers;
mod kept;
mod long;
mod panicking;
mod several;
mod undone;
mod verdict;
mod wiring;

use flow_harness::{Flow, flow::AfterAct};

use crate::fixture::without_lines;

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
    without_lines(&lines.join("\n"))
}
