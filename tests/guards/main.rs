//! Guards: no flow passes by accident.

mod comparison;
mod engine;
#[path = "../fixture/mod.rs"]
mod fixture;
mod json;
mod run_guard;
mod tasks;
mod trap_list;
mod traps;
mod unasserted_problem;
mod unchanged_state;
mod unknown_names;
mod warnings;

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
};

use flow_harness::{Flow, flow::AfterAct};

/// Returns the mismatch of a flow that fails; panics if it passes.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.mismatch().to_string(),
    }
}

/// Returns the panic message of `act`; panics if it does not panic.
#[track_caller]
fn panic_text<T>(act: impl FnOnce() -> T) -> String {
    match panic::catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("it did not panic"),
        Err(panic) => panic_message(panic.as_ref()),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("a panic with a text")
}
