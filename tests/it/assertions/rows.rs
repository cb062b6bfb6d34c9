//! Checks of all rows of a projection.

use ::shop::{OrderDashboard, OrderStatus, StockLevel};
use flow_harness::{
    Flow,
    expect::Rows,
    flow::{Acted, Expecting},
};

use crate::{
    assertions::order_flows::ordered,
    fixture::{Tally, mismatch, place_order, place_order_with_id, shop},
};

/// Returns the rows of two placed orders, `ord-1` and `ord-2`.
fn rows<'t>() -> Flow<'t, Expecting<Rows<'t, OrderDashboard>>> {
    two_orders().then_projections()
}

fn two_orders<'t>() -> Flow<'t, Acted> {
    ordered().when(place_order_with_id("ord-2"))
}

#[test]
fn then_projections_are_there() {
    rows().run();

    let flow = shop().when(place_order()).then_projections::<StockLevel>();
    insta::assert_snapshot!(mismatch(flow), @"
    expected  rows of StockLevel
    found     none; the flow stored no StockLevel
    ");
}

#[test]
fn then_projections_count() {
    rows().count(2).run();

    insta::assert_snapshot!(mismatch(rows().count(1)), @r#"
    expected  1 row of OrderDashboard
    found     2 rows of OrderDashboard
              { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_all() {
    rows().all(|row| row.status == OrderStatus::Placed).run();

    let text = mismatch(rows().all(|row| row.order_id == "ord-1"));
    insta::assert_snapshot!(text, @r#"
    expected  only rows of OrderDashboard for which the closure returns true
    found     { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_any() {
    rows().any(|row| row.order_id == "ord-2").run();

    let text = mismatch(rows().any(|row| row.order_id == "ord-3"));
    insta::assert_snapshot!(text, @r#"
    expected  a row of OrderDashboard for which the closure returns true
    found     2 rows, but the closure returns true for none
              { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_none() {
    rows().none(|row| row.order_id == "ord-3").run();

    let text = mismatch(rows().none(|row| row.order_id == "ord-2"));
    insta::assert_snapshot!(text, @r#"
    expected  no row of OrderDashboard for which the closure returns true
    found     { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projections_can_be_repeated() {
    rows()
        .count(2)
        .all(|row| row.total_cents == 9_995)
        .any(|row| row.order_id == "ord-1")
        .none(|row| row.status == OrderStatus::Cancelled)
        .run();
}

#[test]
fn rows_of_an_unregistered_projection_fail() {
    let flow = ordered().then_projections::<Tally>().count(0);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  rows of Tally
    found     the projection `Tally` is not registered: add `.projection::<Tally>()` to the domain
    ");
}
