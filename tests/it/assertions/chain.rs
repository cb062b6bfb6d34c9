//! `then_chain`: which message caused which.

use crate::{
    assertions::order_flows::ordered,
    fixture::{mismatch, payment_received, place_order, shop},
};
use flow_harness::expect;

#[test]
fn then_chain_follows_causes_from_the_act() {
    ordered()
        .then(expect::chain(["PlaceOrder", "OrderPlaced"]))
        .then(expect::chain([
            "PlaceOrder",
            "OrderPlaced",
            "StockReserved",
        ]))
        .run();

    let flow = ordered().then(expect::chain(["PlaceOrder", "OrderPlaced", "StockRefused"]));
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder -> OrderPlaced -> StockRefused
    found     PlaceOrder -> OrderPlaced, which caused StockReserved
    ");
}

#[test]
fn then_chain_goes_through_the_commands_that_handlers_issue() {
    shop()
        .when(place_order())
        .then(expect::chain([
            "PlaceOrder",
            "OrderPlaced",
            "StockRefused",
            "CancelOrder",
            "OrderCancelled",
        ]))
        .run();
}

#[test]
fn then_chain_skips_nothing() {
    let flow = ordered().then(expect::chain(["PlaceOrder", "StockReserved"]));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder -> StockReserved
    found     PlaceOrder, which caused OrderPlaced
    ");
}

#[test]
fn then_chain_begins_with_the_last_act() {
    ordered()
        .when_event(payment_received())
        .then(expect::chain([
            "PaymentReceived",
            "ConfirmOrder",
            "OrderConfirmed",
        ]))
        .run();

    let flow = ordered()
        .when_event(payment_received())
        .then(expect::chain(["PlaceOrder", "OrderPlaced"]));
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder -> OrderPlaced
    found     the last act began with PaymentReceived
    ");
}

#[test]
fn then_chain_ends_where_nothing_is_caused() {
    let flow = ordered().then(expect::chain([
        "PlaceOrder",
        "OrderPlaced",
        "StockReserved",
        "ConfirmOrder",
    ]));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder -> OrderPlaced -> StockReserved -> ConfirmOrder
    found     PlaceOrder -> OrderPlaced -> StockReserved, which caused nothing
    ");
}
