//! Which line a failure is blamed on.

use std::{env, process::Command};

use ::shop::{Order, OrderDashboard, OrderStatus};
use flow_harness::{
    Flow,
    flow::{AfterAct, Mismatch},
    prelude::Outcome,
};

use crate::{
    fixture::{place, received, shop, told},
    ordered, ordered_twice,
};

#[track_caller]
fn fails_at(flow: Flow<'_, impl AfterAct>, line: u32) {
    let failure = flow.try_run().unwrap_err();

    let place = failure.location();
    assert!(
        place.starts_with(&format!("tests/words/place.rs:{line}:")),
        "{place} and not line {line}"
    );
}

#[test]
fn an_expectation_is_blamed_on_its_own_line() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_accepted()
        .then_no_events()
        .then_settled();
    fails_at(flow, line!() - 2);
}

#[test]
fn a_check_of_what_is_kept_is_blamed_on_its_own_line() {
    let flow = ordered()
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.order_id == "ord-1")
        .has(|row| row.status == OrderStatus::Confirmed)
        .has(|row| row.total_cents == 9_995);
    fails_at(flow, line!() - 2);
}

#[test]
fn a_look_that_finds_nothing_is_blamed_on_the_line_that_looks() {
    let flow = ordered()
        .then_aggregate::<Order>("ord-9")
        .has(|order| order.status == OrderStatus::Placed);
    fails_at(flow, line!() - 2);
}

#[test]
fn the_count_of_a_handler_is_blamed_on_its_own_line() {
    let flow = ordered()
        .then_handled_by::<::shop::Fulfilment>()
        .times(1)
        .then_settled();
    fails_at(flow, line!() - 2);
}

#[test]
fn rows_are_blamed_on_their_own_line() {
    let flow = ordered()
        .then_projections::<OrderDashboard>()
        .count(1)
        .all(|row| row.status == OrderStatus::Confirmed)
        .any(|_| true);
    fails_at(flow, line!() - 2);
}

#[test]
fn a_given_command_is_blamed_on_its_own_line() {
    let flow = shop()
        .given_command(place())
        .given_command(place())
        .when(place())
        .then_settled();
    fails_at(flow, line!() - 3);
}

#[test]
fn an_act_of_which_nothing_speaks_is_blamed_on_its_own_line() {
    let flow = shop()
        .given_command(place())
        .when(place())
        .then_no_events()
        .then_aggregate::<Order>("ord-1");
    fails_at(flow, line!() - 3);
}

#[test]
fn a_handler_that_fails_unspoken_of_is_blamed_on_the_act() {
    let flow = crate::fixture::lab()
        .when_event(told("x"))
        .when_event(told("fail"))
        .then_no_events();
    fails_at(flow, line!() - 2);
}

#[test]
fn a_sentence_without_then_is_blamed_on_its_last_line() {
    let flow = shop().given_events(received(5)).when(place());
    fails_at(flow, line!() - 1);
}

#[test]
fn the_users_own_expectation_is_blamed_on_its_own_line() {
    let never = |_: &Outcome| Err(Mismatch::new("this", "that"));

    let flow = ordered().then_settled().then(never);
    fails_at(flow, line!() - 1);
}

/// Set for the process that panics, so that this one can read what it prints.
const PANICS: &str = "FLOW_HARNESS_TEST_PANICS";

#[test]
fn run_panics_at_the_line_of_the_test() {
    if env::var_os(PANICS).is_some() {
        ordered_twice().then_accepted().run();
    }
    let line = line!() - 2;

    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "place::run_panics_at_the_line_of_the_test"])
        .arg("--nocapture")
        .env(PANICS, "yes")
        .output()
        .unwrap();

    let printed = String::from_utf8_lossy(&output.stderr);
    let expected = format!("panicked at tests/words/place.rs:{line}:");
    assert!(printed.contains(&expected), "{printed}");
}
