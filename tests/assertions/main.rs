//! Every word of the sentence: what it accepts, and what it says when it is not so.

mod chain;
mod closure_panics;
mod command_result;
mod compile_errors;
mod custom_expectation;
mod diagram;
mod events;
mod failure_location;
#[path = "../fixture/mod.rs"]
mod fixture;
mod given;
mod handlers;
mod outcome;
mod resource;
mod rolled_back;
mod rows;
mod state;
mod unchanged;
mod unit;
mod when;

use flow_harness::{
    Flow,
    flow::{Acted, AfterAct},
};

use crate::fixture::{place, received, shop};

/// An order was placed, and its stock was reserved.
#[track_caller]
fn ordered<'t>() -> Flow<'t, Acted> {
    shop().given_events(received(100)).when(place())
}

/// The same order was placed again, which is refused.
#[track_caller]
fn ordered_twice<'t>() -> Flow<'t, Acted> {
    shop()
        .given_events(received(100))
        .given_command(place())
        .when(place())
}

/// How the sentence failed; panics if it did not.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.mismatch().to_string(),
    }
}
