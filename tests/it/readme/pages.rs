//! The README and the crate documentation show passing tests and printed reports.

use std::thread;

use flow_harness::prelude::*;
use shop::{Inventory, PlaceOrder, StockReceived};

use crate::{
    fixture::without_backends,
    readme::{broken_example, doc_section, mistake::Mistake},
};

const README: &str = include_str!("../../../README.md");
const TEST: &str = include_str!("place_order.rs");
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

/// Returns the failure of the flow in the crate documentation, in which no `then` asserts a
/// rejection.
fn unasserted_rejection() -> FlowFailure {
    FlowHarness::new(shop::domain)
        .given_events(stock())
        .given_command(place_order())
        .when(place_order())
        .then_aggregate::<Inventory>("tea")
        .has(|inventory| inventory.available == 98)
        .try_run()
        .unwrap_err()
}

/// Returns the report of a test named `test`, as if it failed at `location`.
fn report(test: &str, failed_flow: fn() -> FlowFailure, location: &str) -> String {
    // The report takes the name of the test from its thread.
    let test_thread = thread::Builder::new().name(test.to_owned());
    let failure = test_thread.spawn(failed_flow).unwrap().join().unwrap();
    let text = failure.to_string().replace(failure.location(), location);
    without_backends(&text)
}

#[test]
fn readme_contains_the_passing_tests() {
    for test in [TEST, ENGINE_TEST] {
        assert!(README.contains(test), "it should contain:\n{test}");
    }
}

#[test]
fn readme_contains_the_printed_report() {
    let report = broken_example::printed_report(Mistake::WrongId) + "\n";

    doc_section::check("README.md", ("```text\n", Some("```\n")), &report);
}

#[test]
fn crate_docs_contain_the_printed_report() {
    let test = "an_order_is_placed_once";
    let report = report(test, unasserted_rejection, "tests/orders.rs:12:10");
    // A test that panics prints one more line. `tests/it/failure_reports` checks the file.
    let report = format!("{report}\nrecord target/flow-harness/{test}.txt");
    let comment: String = report
        .lines()
        .map(|line| format!("//! {line}").trim_end().to_owned() + "\n")
        .collect();

    doc_section::check("src/lib.rs", ("//! ```text\n", Some("//! ```\n")), &comment);
}

#[test]
fn readme_is_short() {
    let n_lines = README.lines().count();

    assert!(n_lines <= 120, "{n_lines} lines");
}
