//! Every assertion method: what it accepts, and what it reports on a mismatch.

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
mod unit_events;
mod when;

use flow_harness::{
    Flow,
    flow::{Acted, AfterAct},
};

use crate::fixture::{place_order, shop, stock_received};

/// Returns a flow in which an order was placed and its stock reserved.
#[track_caller]
fn ordered<'t>() -> Flow<'t, Acted> {
    shop().given_events(stock_received(100)).when(place_order())
}

/// Returns a flow in which the same order is placed again, which is rejected.
#[track_caller]
fn ordered_twice<'t>() -> Flow<'t, Acted> {
    shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .when(place_order())
}

/// Returns the mismatch of a flow that fails; panics if it passes.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.mismatch().to_string(),
    }
}
