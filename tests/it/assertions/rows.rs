//! Checks of all rows of a projection.

use ::shop::{OrderDashboard, OrderStatus, StockLevel};
use flow_harness::{
    Flow,
    expect::{self, Rows},
    flow::Acted,
};

use crate::{
    assertions::order_flows::ordered,
    fixture::{Tally, mismatch, place_order, place_order_with_id, shop},
};

fn rows<'t>() -> Rows<'t, OrderDashboard> {
    expect::projections()
}

/// Returns a flow that places two orders, `ord-1` and `ord-2`.
fn two_orders<'t>() -> Flow<'t, Acted> {
    ordered().when(place_order_with_id("ord-2"))
}

#[test]
fn then_projections_are_there() {
    two_orders().then(rows()).run();

    let flow = shop()
        .when(place_order())
        .then(expect::projections::<StockLevel>());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  rows of StockLevel
    found     none; the flow stored no StockLevel
    ");
}

#[test]
fn then_projections_count() {
    two_orders().then(rows().count(2)).run();

    insta::assert_snapshot!(mismatch(two_orders().then(rows().count(1))), @r#"
    expected  1 row of OrderDashboard
    found     2 rows of OrderDashboard
              { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_all() {
    two_orders()
        .then(rows().all(|row| row.status == OrderStatus::Placed))
        .run();

    let text = mismatch(two_orders().then(rows().all(|row| row.order_id == "ord-1")));
    insta::assert_snapshot!(text, @r#"
    expected  only rows of OrderDashboard for which the closure returns true
    found     { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_any() {
    two_orders()
        .then(rows().any(|row| row.order_id == "ord-2"))
        .run();

    let text = mismatch(two_orders().then(rows().any(|row| row.order_id == "ord-3")));
    insta::assert_snapshot!(text, @r#"
    expected  a row of OrderDashboard for which the closure returns true
    found     2 rows, but the closure returns true for none
              { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_none() {
    two_orders()
        .then(rows().none(|row| row.order_id == "ord-3"))
        .run();

    let text = mismatch(two_orders().then(rows().none(|row| row.order_id == "ord-2")));
    insta::assert_snapshot!(text, @r#"
    expected  no row of OrderDashboard for which the closure returns true
    found     { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_can_be_repeated() {
    two_orders()
        .then(
            rows()
                .count(2)
                .all(|row| row.total_cents == 9_995)
                .any(|row| row.order_id == "ord-1")
                .none(|row| row.status == OrderStatus::Cancelled),
        )
        .run();
}

#[test]
fn rows_of_an_unregistered_projection_fail() {
    let flow = ordered().then(expect::projections::<Tally>().count(0));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  rows of Tally
    found     the projection `Tally` is not registered: add `.projection::<Tally>()` to the domain
    ");
}
