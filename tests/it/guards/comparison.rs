//! A value that is almost equal to the expected one does not match.

use ::shop::{OrderDashboard, OrderPlaced, StockLevel, StockReceived, StockReserved};
use flow_harness::expect;

use crate::fixture::{
    counted, lab, mismatch, order_placed, payment_received, place_order, place_order_with_id, shop,
    stock_received, stock_reserved,
};

#[test]
fn duplicate_expectation_does_not_match_another_event() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_events([order_placed(), order_placed()]);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderPlaced, OrderPlaced
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              missing      OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn then_events_rejects_a_subset() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_events(order_placed());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderPlaced
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);

    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_events(stock_reserved());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReserved
    found     OrderPlaced, StockReserved
              unexpected   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              as expected  StockReserved
    "#);
}

#[test]
fn then_events_checks_the_order() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_events((stock_reserved(), order_placed()));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  StockReserved, OrderPlaced
    found     OrderPlaced, StockReserved
              moved        StockReserved, expected at position 1, found at position 2
              as expected  OrderPlaced
    ");
}

#[test]
fn then_events_counts_events_of_one_type() {
    lab()
        .when_event(counted(2))
        .then_events([counted(1), counted(0)])
        .run();

    let flow = lab().when_event(counted(2)).then_events([counted(0)]);
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Counted
    found     Counted, Counted
              unexpected   Counted { counted_id: "count-1", left: 1 }
              as expected  Counted
    "#);
}

#[test]
fn mismatch_names_expected_before_found() {
    let expected = StockReserved {
        quantity: 7,
        ..stock_reserved()
    };

    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_events((order_placed(), expected));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  OrderPlaced, StockReserved
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              differs      StockReserved
                           quantity  expected 7, found 2
    ");
}

#[test]
fn then_no_event_finds_an_event_of_the_act() {
    let flow = shop()
        .when(place_order())
        .then(expect::no_event::<OrderPlaced>());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderPlaced
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn then_no_event_finds_an_event_of_an_earlier_act() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .when_event(stock_received(1))
        .then(expect::no_event::<OrderPlaced>());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderPlaced
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn then_event_ignores_the_event_of_the_act_itself() {
    let flow = shop()
        .when_event(stock_received(5))
        .then_event(stock_received(5));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReceived { product_id: "prod-1", quantity: 5 }
    found     no events at all
    "#);
}

#[test]
fn row_with_another_id_is_not_checked() {
    let flow = shop()
        .given_events(stock_received(5))
        .given_command(place_order())
        .when(place_order_with_id("ord-2"))
        .then_projection::<OrderDashboard>("ord-3")
        .has(|_| true);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-3"
    found     nothing with this id; the flow stored only OrderDashboard "ord-1", OrderDashboard "ord-2"
    "#);
}

#[test]
fn rows_all_fails_without_rows() {
    let flow = shop()
        .when_event(payment_received())
        .then(expect::projections::<OrderDashboard>().all(|_| true));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  one or more rows of OrderDashboard, and the closure returns true for each
    found     no rows, so the closure was never called; use `.count(0)` to expect no rows
    ");
}

#[test]
fn rows_any_and_rows_all_differ() {
    let rows = || expect::projections::<StockLevel>();
    let flow = |rows| {
        shop()
            .given_events((
                stock_received(5),
                StockReceived {
                    product_id: "prod-2".into(),
                    quantity: 1,
                },
            ))
            .when_event(stock_received(1))
            .then(rows)
    };

    flow(rows().any(|row| row.available == 6)).run();
    insta::assert_snapshot!(mismatch(flow(rows().all(|row| row.available == 6))), @r#"
    expected  only rows of StockLevel for which the closure returns true
    found     { product_id: "prod-2", available: 1, reserved: 0 }
    "#);
    insta::assert_snapshot!(mismatch(flow(rows().any(|row| row.available == 7))), @r#"
    expected  a row of StockLevel for which the closure returns true
    found     2 rows, but the closure returns true for none
              { product_id: "prod-1", available: 6, reserved: 0 }
              { product_id: "prod-2", available: 1, reserved: 0 }
    "#);
}
