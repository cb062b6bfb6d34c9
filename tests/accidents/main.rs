//! Nothing passes by accident.

mod before;
mod comparing;
mod engine;
#[path = "../fixture/mod.rs"]
mod fixture;
mod json;
mod naming;
mod running;
mod table;
mod tasks;
mod traps;
mod unspoken;
mod warnings;

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
};

use flow_harness::{Flow, flow::AfterAct};

/// How the sentence failed; panics if it did not.
#[track_caller]
fn mismatch(flow: Flow<'_, impl AfterAct>) -> String {
    match flow.try_run() {
        Ok(outcome) => panic!("it passed:\n{}", outcome.story()),
        Err(failure) => failure.mismatch().to_string(),
    }
}

/// What `act` panics with.
#[track_caller]
fn panic_text<T>(act: impl FnOnce() -> T) -> String {
    match panic::catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("it did not panic"),
        Err(panic) => text_of(panic.as_ref()),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("a panic with a text")
}
