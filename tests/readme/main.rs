//! What the README shows is what happens: its test, and the failure that it prints.

use std::thread;

use flow_harness::prelude::*;
use shop::{Inventory, OrderDashboard, OrderStatus, PlaceOrder, StockReceived, StockReserved};

// They stand in the README as they are, and are narrower there.
#[rustfmt::skip]
mod placing;
#[rustfmt::skip]
mod timeout;

const README: &str = include_str!("../../README.md");
const CRATE: &str = include_str!("../../src/lib.rs");
const TEST: &str = include_str!("placing.rs");
const ENGINE_TEST: &str = include_str!("timeout.rs");

fn stock() -> StockReceived {
    StockReceived {
        product_id: "tea".into(),
        quantity: 100,
    }
}

fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
        customer_id: "ada".into(),
        product_id: "tea".into(),
        quantity: 2,
        total_cents: 1_200,
    }
}

/// The sentence of the README, with an id that is not there.
fn wrong_id() -> FlowFailure {
    FlowHarness::new(shop::domain)
        .given_events(stock())
        .when(place_order())
        .then_event(StockReserved {
            product_id: "tea".into(),
            order_id: "ord-1".into(),
            quantity: 2,
        })
        .then_projection::<OrderDashboard>("ord-01")
        .has(|row| row.status == OrderStatus::Placed)
        .try_run()
        .unwrap_err()
}

/// The sentence of the crate's documentation, in which nobody speaks of a refusal.
fn unspoken() -> FlowFailure {
    FlowHarness::new(shop::domain)
        .given_events(stock())
        .given_command(place_order())
        .when(place_order())
        .then_aggregate::<Inventory>("tea")
        .has(|inventory| inventory.available == 98)
        .try_run()
        .unwrap_err()
}

/// The report of a test with this name, as if it failed at `place`.
fn report(test: &str, failed: fn() -> FlowFailure, place: &str) -> String {
    // A test runs in a thread that has its name.
    let in_test = thread::Builder::new().name(test.to_owned());
    let failure = in_test.spawn(failed).unwrap().join().unwrap();
    failure.to_string().replace(failure.location(), place)
}

/// Where the README's test asks for the row, line and column, if it stands in a file of its own.
fn place_in_test() -> String {
    let step = ".then_projection";
    let mut lines = TEST.lines().enumerate();
    let found = lines.find_map(|(idx, line)| Some((idx + 1, line.find(step)? + 2)));
    let (line, column) = found.unwrap();
    format!("tests/orders.rs:{line}:{column}")
}

#[test]
fn the_readme_shows_tests_that_pass() {
    for test in [TEST, ENGINE_TEST] {
        assert!(README.contains(test), "it should contain:\n{test}");
    }
}

#[test]
fn the_readme_shows_the_failure_that_is_printed() {
    let test = "placing_an_order_reserves_stock";
    let report = report(test, wrong_id, &place_in_test());

    assert!(README.contains(&report), "it should contain:\n{report}");
}

#[test]
fn the_crate_shows_the_failure_that_is_printed() {
    let test = "an_order_is_placed_once";
    let report = report(test, unspoken, "tests/orders.rs:12:10");
    // A test that panics has one more line; `tests/failures` looks at the file.
    let report = format!("{report}\nrecord target/flow-harness/{test}.txt");
    let lines = report.lines().map(|line| format!("//! {line}"));
    let comment: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    let comment = comment.join("\n");

    assert!(CRATE.contains(&comment), "it should contain:\n{comment}");
}

#[test]
fn the_readme_is_short() {
    let n_lines = README.lines().count();

    assert!(n_lines <= 120, "{n_lines} lines");
}
