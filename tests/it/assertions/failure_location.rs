//! The line that a failure names.

use std::{env, process::Command};

use ::shop::{Order, OrderDashboard, OrderStatus};
use flow_harness::{
    Flow,
    expect::{self, Mismatch},
    flow::AfterAct,
    prelude::Outcome,
};

use crate::{
    assertions::order_flows::{ordered, ordered_twice},
    fixture::{instructed, place_order, shop, stock_received},
};

#[track_caller]
fn check_failure_line(flow: Flow<'_, impl AfterAct>, line: u32) {
    let failure = flow.try_run().unwrap_err();

    let location = failure.location();
    assert!(
        location.starts_with(&format!("tests/it/assertions/failure_location.rs:{line}:")),
        "{location} and not line {line}"
    );
}

#[test]
fn failed_expectation_names_its_line() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_accepted()
        .then_no_events()
        .then_settled();
    check_failure_line(flow, line!() - 2);
}

#[test]
fn failed_state_check_names_its_line() {
    let flow = ordered()
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.order_id == "ord-1")
        .has(|row| row.status == OrderStatus::Confirmed)
        .has(|row| row.total_cents == 9_995);
    check_failure_line(flow, line!() - 2);
}

#[test]
fn missing_state_names_the_line_of_its_query() {
    let flow = ordered()
        .then_aggregate::<Order>("ord-9")
        .has(|order| order.status == OrderStatus::Placed);
    check_failure_line(flow, line!() - 2);
}

#[test]
fn wrong_handler_count_names_its_line() {
    let flow = ordered()
        .then_handled_by::<::shop::Fulfilment>()
        .times(1)
        .then_settled();
    check_failure_line(flow, line!() - 2);
}

#[test]
fn failed_row_check_names_its_line() {
    let flow = ordered().then(
        expect::projections::<OrderDashboard>()
            .count(1)
            .all(|row| row.status == OrderStatus::Confirmed)
            .any(|_| true),
    );
    check_failure_line(flow, line!() - 3);
}

#[test]
fn failed_given_command_names_its_line() {
    let flow = shop()
        .given_command(place_order())
        .given_command(place_order())
        .when(place_order())
        .then_settled();
    check_failure_line(flow, line!() - 3);
}

#[test]
fn unasserted_act_names_its_line() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then_no_events()
        .then_aggregate::<Order>("ord-1");
    check_failure_line(flow, line!() - 3);
}

#[test]
fn unasserted_handler_failure_names_the_line_of_the_act() {
    let flow = crate::fixture::lab()
        .when_event(instructed("x"))
        .when_event(instructed("fail"))
        .then_no_events();
    check_failure_line(flow, line!() - 2);
}

#[test]
fn flow_without_then_names_its_last_line() {
    let flow = shop().given_events(stock_received(5)).when(place_order());
    check_failure_line(flow, line!() - 1);
}

#[test]
fn custom_expectation_names_its_line() {
    let never = |_: &Outcome| Err(Mismatch::new("this", "that"));

    let flow = ordered().then_settled().then(never);
    check_failure_line(flow, line!() - 1);
}

/// The variable that tells the child process to panic, so this process can read its output.
const PANICS: &str = "FLOW_HARNESS_TEST_PANICS";

#[test]
fn run_panics_at_the_line_of_the_test() {
    if env::var_os(PANICS).is_some() {
        ordered_twice().then_accepted().run();
    }
    let line = line!() - 2;

    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "assertions::failure_location::run_panics_at_the_line_of_the_test",
        ])
        .arg("--nocapture")
        .env(PANICS, "yes")
        .output()
        .unwrap();

    let printed = String::from_utf8_lossy(&output.stderr);
    let expected = format!("panicked at tests/it/assertions/failure_location.rs:{line}:");
    assert!(printed.contains(&expected), "{printed}");
}
