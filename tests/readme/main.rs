//! What the documentation shows is what happens: the tests of the README, and the failures that are
//! printed.

use std::thread;

use flow_harness::prelude::*;
use shop::{Inventory, PlaceOrder, StockReceived};

use crate::mistake::Mistake;

mod broken_example;
#[path = "../../examples/broken/cafe/mod.rs"]
mod cafe;
mod doc_section;
#[path = "../../examples/broken/flows.rs"]
mod flows;
#[path = "../../examples/broken/mistake.rs"]
mod mistake;

// They stand in the README as they are, and are narrower there.
#[rustfmt::skip]
mod place_order;
#[rustfmt::skip]
mod timeout;

const README: &str = include_str!("../../README.md");
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

/// The sentence of the crate's documentation, in which nobody speaks of a refusal.
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

/// The report of a test with this name, as if it failed at `place`.
fn report(test: &str, failed: fn() -> FlowFailure, place: &str) -> String {
    // A test runs in a thread that has its name.
    let in_test = thread::Builder::new().name(test.to_owned());
    let failure = in_test.spawn(failed).unwrap().join().unwrap();
    failure.to_string().replace(failure.location(), place)
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
    // A test that panics has one more line; `tests/failures` looks at the file.
    let report = format!("{report}\nrecord target/flow-harness/{test}.txt");
    let lines = report.lines().map(|line| format!("//! {line}"));
    let comment: String = lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();

    doc_section::check("src/lib.rs", ("//! ```text\n", Some("//! ```\n")), &comment);
}

#[test]
fn readme_is_short() {
    let n_lines = README.lines().count();

    assert!(n_lines <= 120, "{n_lines} lines");
}
